import { h } from '../dom.js';
import { t } from '../i18n.js';

/** @type {import('../router.js').Page} */
export const overview = {
  title: () => t('nav.overview'),
  mount(main) {
    main.append(h('h1', {}, t('nav.overview')));
  },
};
