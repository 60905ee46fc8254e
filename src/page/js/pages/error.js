// Pages for what went wrong: an address that leads nowhere, an answer that could not be had, a code looked up.

import { Problem } from '../api.js';
import { h } from '../dom.js';
import { t } from '../i18n.js';
import { reload } from '../router.js';
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

/** @type {import('../router.js').Page} */
export const errors = {
  title: ({ code }) => code ?? t('errors.title'),
  mount(main, { code }) {
    main.append(h('h1', {}, code ?? t('errors.title')));
  },
};
