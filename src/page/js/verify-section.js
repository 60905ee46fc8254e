// How to verify: a snippet in the language of the receiver, for the endpoint's own encoding.

import { fill, h, slot, tpl } from './dom.js';
import { t } from './i18n.js';
import { replaceQuery } from './router.js';
import { saved } from './store.js';
import { codeBox } from './ui.js';
import { LANGUAGES } from './verify.js';

/** The section of the details page. `wished`: the language that the address names. */
export function verifySection(/** @type {any} */ endpoint, /** @type {string|undefined} */ wished) {
  const node = tpl('verify-section');
  const language = slot(node, 'language');
  const scheme = slot(node, 'scheme');
  language.append(...Object.entries(LANGUAGES).map(([id, one]) => h('option', { value: id }, one.name)));
  const known = [wished, saved.get('verify'), 'php'].find((id) => id && id in LANGUAGES);
  language.value = known;
  slot(node, 'scheme-field').hidden = !endpoint.signature.standard;
  const show = () => {
    const { sha1, standard } = LANGUAGES[language.value];
    const text = scheme.value === 'standard' ? standard : sha1(endpoint.signature.encoding);
    fill(slot(node, 'code'), codeBox(text, { label: t('verify.copy'), wrap: false }));
  };
  language.addEventListener('change', () => {
    saved.set('verify', language.value);
    replaceQuery({ language: language.value });
    show();
  });
  scheme.addEventListener('change', show);
  show();
  return node;
}
