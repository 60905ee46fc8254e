import { h } from '../dom.js';
import { t } from '../i18n.js';

/** @type {import('../router.js').Page} */
export const tokens = {
  title: () => t('nav.tokens'),
  mount(main) {
    main.append(h('h1', {}, t('nav.tokens')));
  },
};
