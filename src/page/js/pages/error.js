// Pages for what went wrong: an address that leads nowhere, an answer that could not be had, a code looked up.

import { Problem } from '../api.js';
import { h } from '../dom.js';
import { keys, t } from '../i18n.js';
import { reload, trail } from '../router.js';
import { emptyState, problemBox } from '../ui.js';

/** @type {import('../router.js').Page} */
export const missing = {
  title: () => t('missing.title'),
  mount(main) {
    main.append(h('h1', {}, t('missing.title')), notHere());
  },
};

function notHere() {
  return emptyState({ title: t('missing.heading'), text: t('missing.text'), actions: [h('a', { class: 'btn', href: '#/' }, t('missing.home'))] });
}

/** In the place of a page that could not be shown. */
export function failed(error, main) {
  const gone = error instanceof Problem && error.status === 404;
  main.replaceChildren(h('h1', {}, gone ? t('missing.title') : t('failed.title')), gone ? notHere() : problemBox(error, () => reload()));
}

/** The codes that this page can explain: what the API can refuse. */
const known = () => keys('remedy.').map((key) => key.slice('remedy.'.length)).sort();

/** @type {import('../router.js').Page} */
export const errors = {
  title: ({ code }) => (code ? `${code} – ${t('errors.title')}` : t('errors.title')),
  mount(main, { code }) {
    if (!code) return void main.append(h('h1', {}, t('errors.title')), h('p', { class: 'lead below' }, t('errors.lead')), allCodes());
    main.append(trail([[t('errors.title'), '#/errors'], [code]]), h('h1', {}, code), known().includes(code) ? explained(code) : unknown());
  },
};

const explained = (code) => h('div', { class: 'stack' },
  h('section', { class: 'card' }, h('h2', {}, t('errors.what')), h('p', {}, t(`problem.${code}`))),
  h('section', { class: 'card' }, h('h2', {}, t('errors.todo')), h('p', {}, t(`remedy.${code}`))),
  h('p', {}, h('a', { href: '#/errors' }, t('errors.all'))));

const unknown = () => emptyState({ title: t('errors.unknownTitle'), text: t('errors.unknownText'), actions: [h('a', { class: 'btn', href: '#/errors' }, t('errors.all'))] });

function allCodes() {
  const rows = known().map((code) => h('tr', {},
    h('td', { class: 'head nowrap' }, h('a', { href: `#/errors/${code}` }, code)),
    h('td', { 'data-label': t('errors.what') }, t(`problem.${code}`)),
    h('td', { 'data-label': t('errors.todo') }, h('span', { class: 'muted' }, t(`remedy.${code}`)))));
  const head = ['errors.code', 'errors.what', 'errors.todo'].map((key) => h('th', { scope: 'col' }, t(key)));
  return h('div', { class: 'table-box' }, h('table', { class: 'data' }, h('thead', {}, h('tr', {}, head)), h('tbody', {}, rows)));
}
