import { h } from '../dom.js';
import { t } from '../i18n.js';

/** @type {import('../router.js').Page} */
export const settings = {
  title: () => t('nav.settings'),
  mount(main) {
    main.append(h('h1', {}, t('nav.settings')));
  },
};
