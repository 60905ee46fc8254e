// A field for a list of short texts: a text input and, before it, what was added, each with a button that takes it out.

import { h, icon } from './dom.js';
import { t } from './i18n.js';
import { announce, newId } from './ui.js';

/**
 * @param {{
 *   label: string, hint: string, name: string, values: string[], shown?: (value: string) => string, clean?: (text: string) => string,
 *   options?: string, changed: (values: string[]) => void, inputmode?: string,
 * }} options `name` marks the field for error messages; `options` is the id of a datalist
 */
export function chipsField({ label, hint, name, values, shown = (value) => value, clean = (text) => text.trim(), options, changed, inputmode }) {
  const id = newId('chips');
  let now = [...values];
  const input = h('input', { id, type: 'text', autocomplete: 'off', spellcheck: 'false', list: options, inputmode, 'aria-describedby': `${id}-hint ${id}-error` });
  const chips = h('ul', { class: 'chips', 'aria-label': label });
  const show = () => {
    chips.replaceChildren(...now.map((value) => h('li', { class: 'chip' },
      h('span', { title: shown(value) === value ? null : value }, shown(value)),
      h('button', { type: 'button', 'aria-label': t('form.events.remove', { what: shown(value) }), onclick: () => take(value) }, icon('x')))));
    chips.hidden = !now.length;
  };
  const set = (/** @type {string[]} */ next) => {
    now = next;
    show();
    changed(now);
  };
  const take = (/** @type {string} */ value) => {
    set(now.filter((one) => one !== value));
    input.focus();
  };
  const add = () => {
    const found = input.value.split(/[,;\n]/).map(clean).filter(Boolean);
    input.value = '';
    if (!found.length) return;
    set([...new Set([...now, ...found])]);
    announce(`${label}: ${now.map(shown).join(', ')}`);
  };
  input.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    if (event.isComposing) return;
    if (event.key === 'Enter' && input.value.trim()) {
      event.preventDefault();
      add();
    } else if (event.key === 'Backspace' && !input.value && now.length) take(now[now.length - 1]);
  });
  input.addEventListener('input', () => /[,;]/.test(input.value) && add());
  input.addEventListener('change', add);
  show();
  return h('div', { class: 'field', 'data-field': name },
    h('label', { for: id }, label),
    h('p', { class: 'hint', id: `${id}-hint` }, hint),
    chips,
    input,
    h('p', { class: 'error', id: `${id}-error` }));
}
