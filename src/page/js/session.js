// Who is signed in: by a one-use code or a token, kept by an HttpOnly cookie that this code never sees.

import { get, Offline, post, Problem, server } from './api.js';
import { h } from './dom.js';
import { t } from './i18n.js';
import { newId, openDialog, problemText } from './ui.js';

/**
 * Finds out whether there is a session. A code in the address is tried first and taken out of it at once, so that it
 * stays neither in the address bar nor in the browser's history.
 */
export async function startSession() {
  const code = /^#\/signin\?(?:.*&)?code=([^&]+)/.exec(location.hash)?.[1];
  if (code) {
    history.replaceState(null, '', '#/');
    try {
      await signIn(decodeURIComponent(code));
      return;
    } catch (error) {
      failure = error;
    }
  }
  try {
    await get('/v1/status', { quiet: true });
    server.session.value = 'in';
    failure = null;
  } catch (error) {
    server.session.value = error instanceof Problem && error.status === 401 ? 'out' : error instanceof Offline ? 'unknown' : 'in';
  }
}

/** Why the code in the address was refused, for the sign-in page. */
let failure = null;

export function takeFailure() {
  const taken = failure;
  failure = null;
  return taken;
}

/** A text that begins like a token is one; everything else is a one-use code. */
export async function signIn(/** @type {string} */ text) {
  const secret = text.trim();
  await post('/v1/session', secret.startsWith('rh_') ? { token: secret } : { code: secret }, { quiet: true });
  server.session.value = 'in';
}

/** What a refused sign-in means. */
export function signInText(/** @type {any} */ error) {
  if (error instanceof Problem && error.status === 429) return t('signin.slow');
  if (error instanceof Problem && (error.status === 401 || error.status === 403 || error.status === 422 || error.status === 400)) return t('signin.refused');
  return problemText(error);
}

/** Takes the code out of a whole link, for those who paste what `ringhook open` printed. */
export function codeOf(/** @type {string} */ text) {
  const found = /[?&#]code=([^&\s]+)/.exec(text);
  return found ? decodeURIComponent(found[1]) : text.trim();
}

/** The session ended in the middle: asks again, over the page, so that nothing that was typed is lost. */
export async function askSignIn() {
  const input = h('input', { type: 'password', id: newId('code'), autocomplete: 'current-password', required: true, class: 'mono' });
  const refusal = h('p', { class: 'error', role: 'alert' });
  const form = h('form', { method: 'dialog' },
    h('h2', {}, t('signin.again')),
    h('div', { class: 'dialog-body' },
      h('p', {}, t('signin.againText')),
      h('div', { class: 'field' }, h('label', { for: input.id }, t('signin.label')), input, refusal)),
    h('div', { class: 'dialog-foot' },
      h('button', { class: 'btn', value: '', formnovalidate: true }, t('ui.cancel')),
      h('button', { class: 'btn primary', value: 'yes' }, t('signin.action'))));
  const dialog = h('dialog', { class: 'dialog' }, form);
  form.addEventListener('submit', async (event) => {
    if (event.submitter?.value !== 'yes') return;
    event.preventDefault();
    try {
      await signIn(codeOf(input.value));
      dialog.close('yes');
    } catch (error) {
      refusal.textContent = signInText(error);
      input.select();
    }
  });
  const answer = await openDialog(dialog);
  if (answer !== 'yes') server.session.value = 'out';
  return answer === 'yes';
}
