// Errors of the form: each at its field, and a list of all at the top that leads to them.

import { h, icon, slot } from './dom.js';
import { has, language, t } from './i18n.js';
import { newId } from './ui.js';

/** @typedef {{field: string, text?: string, code?: string, message?: string}} FieldError `text` in the page's language, or the server's words */

/** Takes all errors away. */
export function clearErrors(/** @type {HTMLElement} */ page) {
  for (const node of page.querySelectorAll('.error')) node.textContent = '';
  for (const node of page.querySelectorAll('[aria-invalid]')) node.removeAttribute('aria-invalid');
  slot(page, 'summary').hidden = true;
}

/** Shows errors at their fields and in the summary, which takes the focus. */
export function showErrors(/** @type {HTMLElement} */ page, /** @type {FieldError[]} */ errors, /** @type {import('./subscriptions.js').Model} */ model) {
  const items = errors.map((error) => {
    const field = fieldOf(page, error.field, model);
    const words = wordsOf(error);
    if (field) mark(field, words);
    return { field, words, name: field ? nameOf(field) : error.field };
  });
  const summary = slot(page, 'summary');
  summary.replaceChildren(h('div', { class: 'notice bad' }, icon('warning'), h('div', { class: 'notice-text' },
    h('h2', {}, t('form.errors', { count: items.length })),
    h('ul', { class: 'error-list' }, items.map(({ field, words, name }) => h('li', {},
      field ? h('button', { class: 'link', type: 'button', onclick: () => reach(field) }, name) : h('strong', {}, name), ' – ', words.map((part) => part.cloneNode(true))))))));
  summary.hidden = false;
  summary.tabIndex = -1;
  summary.focus();
}

/** The server's sentence where the page speaks its language; else the kind of error and that sentence. */
function wordsOf({ text, code, message = '' }) {
  if (text) return [h('span', {}, text)];
  const own = h('span', { lang: 'en' }, message && message[0].toUpperCase() + message.slice(1));
  const key = `form.err.${code}`;
  return language() === 'en' || !has(key) ? [own] : [h('span', {}, `${t(key)} `), own];
}

/** The field of a path such as `events[1].duration.min`, or the nearest around it. */
function fieldOf(page, path, model) {
  const shared = model.each ? path : path.replace(/^events\[\d+\]\./, 'filter.');
  const parts = shared.replace(/(accounts|numbers)\[\d+\]/, '$1').split('.');
  for (let count = parts.length; count > 0; count -= 1) {
    const name = parts.slice(0, count).join('.');
    const found = page.querySelector(`[data-field="${CSS.escape(name)}"]`);
    if (found) return found;
  }
  return page.querySelector(`[data-field="${CSS.escape(parts[0].replace(/\[\d+\]$/, ''))}"]`);
}

function mark(field, words) {
  const box = field.closest('.field') ?? field;
  const outer = box.querySelector('.error') ? box : box.parentElement.closest('.field') ?? box;
  const error = outer.querySelector(':scope > .error') ?? outer.querySelector('.error');
  const input = inputOf(field);
  if (error) {
    error.id ||= newId('error');
    error.append(...(error.textContent ? [h('br')] : []), ...words.map((part) => part.cloneNode(true)));
  }
  if (!input || input.type === 'checkbox') return;
  input.setAttribute('aria-invalid', 'true');
  const known = (input.getAttribute('aria-describedby') ?? '').split(' ').filter(Boolean);
  if (error && !known.includes(error.id)) input.setAttribute('aria-describedby', [...known, error.id].join(' '));
}

const inputOf = (field) => (field.matches('input, select, textarea') ? field : field.querySelector('input:not([type=hidden]), select, textarea'));

function nameOf(field) {
  const box = field.closest('.field') ?? field;
  return box.querySelector('label, legend, .label')?.textContent.replace('*', '').trim() ?? field.dataset.field;
}

/** Opens what it lies in, and goes there. */
function reach(field) {
  for (let around = field.closest('details'); around; around = around.parentElement.closest('details')) around.open = true;
  inputOf(field)?.focus();
}
