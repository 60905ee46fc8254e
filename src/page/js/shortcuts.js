// Single-key shortcuts: never inside fields, and they can be switched off (WCAG 2.1.4).

import { h } from './dom.js';
import { t } from './i18n.js';
import { go } from './router.js';
import { server } from './api.js';
import { saved, signal } from './store.js';
import { openDialog } from './ui.js';

const PLACES = { o: '#/', e: '#/endpoints', v: '#/events', t: '#/tokens', s: '#/settings' };
const SEQUENCE_MS = 1200;

export const shortcutsOn = signal(saved.get('shortcuts') !== 'off');

export function setShortcuts(/** @type {boolean} */ on) {
  saved.set('shortcuts', on ? null : 'off');
  shortcutsOn.value = on;
}

let startedAt = 0;

export function startShortcuts() {
  document.addEventListener('keydown', (event) => {
    if (!shortcutsOn.peek() || server.session.peek() !== 'in' || event.defaultPrevented) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.closest('input, textarea, select, [contenteditable], [role=menu], dialog')) return;
    if (press(event.key)) event.preventDefault();
  });
}

/** `g` then a letter goes to a page; the rest presses what the page marks with `data-key`. */
function press(key) {
  if (Date.now() - startedAt < SEQUENCE_MS && PLACES[key]) {
    startedAt = 0;
    go(PLACES[key]);
    return true;
  }
  startedAt = key === 'g' ? Date.now() : 0;
  if (key === 'g') return true;
  if (key === '?') {
    showShortcuts();
    return true;
  }
  const target = key.length === 1 ? /** @type {HTMLElement|null} */ (document.querySelector(`main [data-key="${CSS.escape(key)}"]`)) : null;
  if (!target) return false;
  if (target.matches('input, textarea, select')) target.focus();
  else target.click();
  return true;
}

/** The list of shortcuts, and the switch for them. */
export function showShortcuts() {
  if (document.querySelector('dialog[open]')) return;
  openDialog(h('dialog', { class: 'dialog' },
    h('form', { method: 'dialog' },
      h('h2', {}, t('keys.title')),
      h('div', { class: 'dialog-body' }, shortcutTable(), shortcutSwitch(), helpLinks()),
      h('div', { class: 'dialog-foot' }, h('button', { class: 'btn' }, t('ui.close'))))));
}

/** The table alone, for the settings page. */
export function shortcutTable() {
  const rows = [
    [['g', 'o'], 'nav.overview'], [['g', 'e'], 'nav.endpoints'], [['g', 'v'], 'nav.events'], [['g', 't'], 'nav.tokens'], [['g', 's'], 'nav.settings'],
    [['/'], 'keys.search'], [['n'], 'keys.new'], [['t'], 'keys.test'], [['?'], 'keys.help'],
  ];
  return h('dl', { class: 'keys' }, rows.map(([keys, words]) => h('div', {},
    h('dt', {}, /** @type {string[]} */ (keys).map((key) => h('kbd', {}, key))),
    h('dd', {}, t(/** @type {string} */ (words))))));
}

export function shortcutSwitch() {
  return h('label', { class: 'check' },
    h('input', { type: 'checkbox', checked: shortcutsOn.peek(), onchange: (event) => setShortcuts(event.target.checked) }),
    h('span', {}, t('keys.switch')));
}

function helpLinks() {
  return h('p', { class: 'muted' }, h('a', { href: '/docs' }, t('keys.docs')), ' · ', h('a', { href: '#/errors' }, t('keys.errors')));
}
