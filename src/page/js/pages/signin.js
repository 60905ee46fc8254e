// The way in: one field for a one-use code, a whole link, or a token.

import { h, s } from '../dom.js';
import { language, setLanguage, t } from '../i18n.js';
import { codeOf, howTo, signIn, takeFailure } from '../session.js';
import { busy, newId, problemText } from '../ui.js';

/** @type {import('../router.js').Page} */
export const signin = {
  title: () => t('signin.title'),
  bare: true,
  mount(main) {
    const refusal = h('p', { class: 'error', role: 'alert', id: newId('refusal') });
    const input = h('input', {
      id: newId('code'), type: 'password', name: 'password', class: 'mono', required: true, autocomplete: 'current-password',
      autocapitalize: 'none', spellcheck: 'false', 'aria-describedby': refusal.id,
    });
    const button = h('button', { class: 'btn primary' }, t('signin.action'));
    const form = h('form', { class: 'stack', onsubmit: (event) => submit(event, { input, button, refusal }) },
      // Password managers keep a secret under a name.
      h('input', { type: 'text', name: 'username', autocomplete: 'username', value: 'ringhook', hidden: true }),
      h('div', { class: 'field' }, h('label', { for: input.id }, t('signin.label')), input, refusal),
      button);
    main.append(h('div', { class: 'signin' },
      h('div', { class: 'signin-brand' }, s('svg', { class: 'mark', viewBox: '0 0 24 24', 'aria-hidden': 'true' }, s('use', { href: '#i-mark' })), 'ringhook'),
      h('div', { class: 'card stack' }, h('h1', {}, t('signin.title')), form, h('hr', {}), howTo(), h('p', { class: 'small muted' }, t('signin.token'))),
      languageLink()));
    refuse(takeFailure(), { input, refusal });
    input.focus();
  },
};

async function submit(event, parts) {
  event.preventDefault();
  if (parts.button.getAttribute('aria-busy')) return;
  refuse(null, parts);
  try {
    await busy(parts.button, signIn(codeOf(parts.input.value)));
  } catch (error) {
    refuse(error, parts);
    parts.input.select();
    parts.input.focus();
  }
}

function refuse(error, { input, refusal }) {
  refusal.textContent = error ? problemText(error) : '';
  if (error) input.setAttribute('aria-invalid', 'true');
  else input.removeAttribute('aria-invalid');
}

function languageLink() {
  const other = language() === 'en' ? 'fr' : 'en';
  return h('p', { class: 'signin-foot' },
    h('button', { class: 'btn quiet small', type: 'button', lang: other, 'aria-label': t(`language.switch.${other}`), onclick: () => setLanguage(other) }, t(`language.${other}`)));
}
