// Who is signed in: by a one-use code or a token, kept by an HttpOnly cookie that this code never sees.

import { del, get, Offline, post, server } from './api.js';
import { h } from './dom.js';
import { t } from './i18n.js';
import { codeBox, newId, openDialog, problemText } from './ui.js';

/**
 * Finds out whether there is a session. A code in the address is tried first and taken out of it at once, so that it
 * stays neither in the address bar nor in the browser's history.
 */
export async function startSession() {
  const code = codeInAddress(location.hash);
  if (code) {
    history.replaceState(null, '', '#/');
    try {
      return await signIn(code);
    } catch (error) {
      failure = error;
    }
  }
  try {
    const session = await get('/v1/session', { quiet: true });
    enter(session);
    if (session) failure = null;
  } catch (error) {
    server.session.value = error instanceof Offline ? 'unknown' : 'out';
  }
}

/** `ringhook open` prints `…/#/in/CODE`. */
export function codeInAddress(/** @type {string} */ hash) {
  const found = /#\/(?:in\/|signin\?(?:.*&)?code=)([^/&?\s]+)/.exec(hash);
  return found ? decodeURIComponent(found[1]) : null;
}

/** `null` is nobody's. */
function enter(session) {
  server.role.value = session?.role ?? null;
  server.session.value = session ? 'in' : 'out';
}

/** Why the code in the address was refused, for the sign-in page. */
let failure = /** @type {any} */ (null);

export function takeFailure() {
  const taken = failure;
  failure = null;
  return taken;
}

/** A text that begins like a token is one; everything else is a one-use code. */
export async function signIn(/** @type {string} */ text) {
  const secret = text.trim();
  enter(await post('/v1/session', secret.startsWith('rh_') ? { token: secret } : { code: secret }, { quiet: true }));
}

/** Ends the session here, or all that were opened in the same way. */
export async function signOut(everywhere = false) {
  await del('/v1/session', { query: { everywhere: everywhere || null }, quiet: true });
  server.session.value = 'out';
}

/** Takes the code out of a whole link, for those who paste what `ringhook open` printed. */
export function codeOf(/** @type {string} */ text) {
  return codeInAddress(text) ?? text.trim();
}

/**
 * The session ended in the middle, or is too old for secrets: asks again, over the page, so that nothing that was typed
 * is lost.
 */
export async function askSignIn(/** @type {'ended'|'stale'} */ why) {
  const input = h('input', { type: 'password', id: newId('code'), autocomplete: 'current-password', required: true, class: 'mono' });
  const refusal = h('p', { class: 'error', role: 'alert' });
  const form = h('form', { method: 'dialog' },
    h('h2', {}, t('signin.again')),
    h('div', { class: 'dialog-body' },
      h('p', {}, t(`signin.${why}`)),
      howTo(),
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
      refusal.textContent = problemText(error);
      input.select();
    }
  });
  const answer = await openDialog(dialog);
  if (answer !== 'yes' && why === 'ended') server.session.value = 'out';
  return answer === 'yes';
}

/** How to come by a code. */
export function howTo() {
  return h('div', { class: 'stack tight' }, h('p', { class: 'muted' }, t('signin.how')), codeBox('sudo ringhook open'));
}
