// The part of the form that says what an endpoint wants: the events, and which of them by account, number and duration.

import { chipsField } from './chips.js';
import { fill, h, icon, slot } from './dom.js';
import { shownNumber } from './endpoint-words.js';
import { builtIn, hasDuration, isTypeCode, NOTICES, typeLabel } from './event-types.js';
import { t } from './i18n.js';
import { choose, filters, setEach } from './subscriptions.js';
import { newId } from './ui.js';

/** The groups of the original, in its order. */
const GROUPS = [
  ['form.events.call', ['call:completed', 'call:missed', 'call:ringing']],
  ['form.events.email', ['email:received']],
  ['form.events.lead', ['lead:created']],
];

/**
 * Fills the form's slots `events` and `custom`.
 * @param {HTMLElement} node the form
 * @param {import('./subscriptions.js').Model} model changed in place
 * @param {() => void} changed
 */
export function eventsPart(node, model, changed) {
  const part = (/** @type {string} */ name) => slot(node, name);
  const drawEvents = () => fill(part('events'), [...groups(), ownTypes(), everything()]);
  const drawCustom = () => {
    const cards = model.each
      ? model.wishes.map((wish, place) => filterFields(wish.filter, { name: `events[${place}]`, types: [wish.type], heading: typeLabel(wish.type) }))
      : [filterFields(model.shared, { name: 'filter', types: model.wishes.map((wish) => wish.type) })];
    fill(part('filters'), cards);
    part('each').checked = model.each;
    part('each-field').hidden = model.wishes.length < 2;
  };
  const toggle = (/** @type {string} */ code, /** @type {boolean} */ on) => {
    choose(model, code, on);
    drawCustom();
    changed();
  };
  const has = (/** @type {string} */ code) => model.wishes.some((wish) => wish.type === code);

  const box = (/** @type {string} */ code, label = typeLabel(code), hint = '') => {
    const input = h('input', { type: 'checkbox', value: code, checked: has(code), onchange: () => toggle(code, input.checked) });
    return h('label', { class: 'check event-check' }, input, h('span', { class: 'event-name' }, label), hint ? h('span', { class: 'hint' }, hint) : label !== code && h('code', { class: 'event-code' }, code));
  };
  const group = (/** @type {string} */ key, /** @type {any[]} */ inside) => {
    const id = newId('group');
    return h('div', { class: 'event-group', role: 'group', 'aria-labelledby': id }, h('p', { class: 'event-group-name', id }, t(key)), h('div', {}, inside));
  };
  const groups = () => {
    const known = builtIn();
    const named = GROUPS.map(([key, codes]) => group(/** @type {string} */ (key), /** @type {string[]} */ (codes).filter((code) => known.includes(code)).map((code) => box(code))));
    return [...named, group('form.events.notice', NOTICES.map((code) => box(code)))];
  };
  const ownTypes = () => {
    const known = [...builtIn(), ...NOTICES, '*'];
    const own = [...new Set(model.wishes.map((wish) => wish.type).filter((code) => !known.includes(code)))];
    const error = h('p', { class: 'error', id: newId('own-error') });
    const input = h('input', { type: 'text', class: 'mono', 'aria-label': t('form.events.own'), placeholder: 'sms:received', autocomplete: 'off', spellcheck: 'false', maxlength: '65', 'aria-describedby': error.id });
    const add = () => {
      const code = input.value.trim().toLowerCase();
      const bad = code !== '' && (!isTypeCode(code) || (code.startsWith('endpoint:') && !NOTICES.includes(code)));
      error.textContent = bad ? t('form.events.bad') : '';
      if (bad || !code) return;
      toggle(code, true);
      drawEvents();
      part('events').querySelector('.own-add input').focus();
    };
    input.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== 'Enter') return;
      event.preventDefault();
      add();
    });
    return group('form.events.other', [
      own.map((code) => box(code, code)),
      h('div', { class: 'own-add' }, input, h('button', { class: 'btn small', type: 'button', onclick: add }, icon('plus'), t('form.events.add'))),
      error,
    ]);
  };
  const everything = () => h('div', { class: 'event-group all' }, h('div', {}, box('*', t('form.events.all'), t('form.events.all.hint'))));

  /** Accounts, numbers and bounds of the duration of one filter. */
  const filterFields = (filter, { name, types, heading }) => {
    const timed = types.some(hasDuration) || !types.length;
    const set = (/** @type {string} */ key) => (/** @type {any} */ value) => {
      filter[key] = value;
      changed();
    };
    return h('div', { class: `filter-card${heading ? ' boxed' : ''}` },
      heading && h('h3', {}, heading),
      chipsField({ label: t('form.accounts'), hint: t('form.accounts.hint'), name: `${name}.accounts`, values: filter.accounts, options: 'known-accounts', shown: accountName, changed: set('accounts') }),
      chipsField({ label: t('form.numbers'), hint: t('form.numbers.hint'), name: `${name}.numbers`, values: filter.numbers, shown: shownNumber, changed: set('numbers'), inputmode: 'tel' }),
      durationFields(filter, `${name}.duration`, timed, set));
  };
  part('each').addEventListener('change', () => {
    setEach(model, part('each').checked);
    drawCustom();
    drawEvents();
    changed();
  });
  part('custom').open = filters(model);
  drawEvents();
  drawCustom();
}

/** The name of an account where the list of known ones has it. */
function accountName(/** @type {string} */ id) {
  const option = /** @type {HTMLOptionElement|null} */ (document.querySelector(`#known-accounts option[value="${CSS.escape(id)}"]`));
  return option?.label && option.label !== id ? option.label : id;
}

function durationFields(filter, name, timed, set) {
  const bound = (/** @type {'min'|'max'} */ key) => {
    const id = newId('duration');
    const input = h('input', { id, type: 'number', min: '0', step: 'any', inputmode: 'decimal', value: filter[key] ?? '', disabled: !timed, 'data-field': `${name}.${key}` });
    input.addEventListener('input', () => set(key)(input.value === '' ? null : Number(input.value)));
    return h('div', { class: 'field' }, h('label', { class: 'sub-label', for: id }, t(`form.duration.${key}`)), input);
  };
  return h('fieldset', { class: 'field', 'data-field': name },
    h('legend', { class: 'label' }, t('form.duration')),
    h('p', { class: 'hint' }, t(timed ? 'form.duration.hint' : 'form.duration.na')),
    h('div', { class: 'pair' }, bound('min'), bound('max')),
    h('p', { class: 'error' }));
}
