// The way in: one field for a one-use code or a token.

import { server } from '../api.js';
import { h, icon } from '../dom.js';
import { t } from '../i18n.js';
import { go, reload } from '../router.js';
import { codeOf, signIn, signInText, takeFailure } from '../session.js';
import { busy, codeBox } from '../ui.js';

/** @type {import('../router.js').Page} */
export const signin = {
  title: () => t('signin.title'),
  bare: true,
  mount(main) {
    main.append(h('h1', {}, t('signin.title')));
  },
};
