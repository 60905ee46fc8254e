// Light, dark, or as the system says. The choice is this browser's.

import { saved, signal } from './store.js';

const chosen = signal(saved.get('theme') ?? 'system');

/** `system`, `light` or `dark`. */
export function theme() {
  return chosen.value;
}

export function setTheme(/** @type {string} */ next) {
  saved.set('theme', next === 'system' ? null : next);
  chosen.value = next;
  applyTheme();
}

export function applyTheme() {
  const root = document.documentElement;
  if (chosen.peek() === 'system') root.removeAttribute('data-theme');
  else root.dataset.theme = chosen.peek();
}
