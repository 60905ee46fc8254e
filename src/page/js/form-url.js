// The advisory check of an address: whether its name is known, whether it may be connected to, whether TLS is in order.

import { post } from './api.js';
import { fill, h, icon, slot } from './dom.js';
import { t } from './i18n.js';
import { announce, debounce } from './ui.js';

const TYPING_MS = 700;

/** Watches the form's `url` field; `check` gives an error only where the network rules refuse the address. */
export function urlCheck(/** @type {HTMLElement} */ page, /** @type {AbortSignal} */ signal) {
  const input = slot(page, 'url');
  const into = slot(page, 'url-check');
  let asking = new AbortController();
  /** @type {{url: string, blocked: string|null}} */
  let last = { url: '', blocked: null };

  const say = (/** @type {string} */ tone, /** @type {string} */ text, /** @type {string|null} */ detail = null) => {
    const name = { ok: 'check', warn: 'warning', bad: 'warning', wait: 'clock' }[tone];
    fill(into, [icon(name), h('span', {}, text, detail && h('span', { class: 'sub', lang: 'en' }, detail))]);
    into.className = `url-check ${tone === 'wait' ? 'muted' : tone}`;
    into.hidden = false;
    if (tone !== 'wait') announce(text);
  };
  const run = async () => {
    const url = input.value.trim();
    asking.abort();
    asking = new AbortController();
    if (url === last.url) return;
    last = { url, blocked: null };
    if (!isUrl(url)) {
      into.hidden = true;
      return;
    }
    say('wait', t('form.check.run'));
    try {
      tell(await post('/v1/endpoints/check', { url }, { signal: asking.signal }));
    } catch (error) {
      // Advisory: what the server can't accept is said when the form is sent.
      if (error.name !== 'AbortError') into.hidden = true;
    }
  };
  const tell = (/** @type {any} */ found) => {
    const address = found.addresses.map((one) => one.address).slice(0, 2).join(', ');
    if (!found.resolves) return say('warn', t('form.check.dns'), found.message);
    if (!found.allowed) {
      last.blocked = t('form.check.blocked', { address });
      return say('bad', last.blocked, found.addresses[0]?.reason);
    }
    if (found.tls && !found.tls.valid) return say('warn', t('form.check.tls'), found.tls.message);
    if (found.tls) return say('ok', t('form.check.ok.tls', { address }));
    return say(isPlain(last.url) ? 'warn' : 'ok', t(isPlain(last.url) ? 'form.check.plain' : 'form.check.ok', { address }));
  };

  input.addEventListener('input', debounce(run, TYPING_MS));
  input.addEventListener('change', run);
  signal.addEventListener('abort', () => asking.abort());
  if (input.value) run();
  return { check: (/** @type {string} */ url) => (last.url === url && last.blocked ? [{ field: 'url', text: last.blocked }] : []) };
}

function isUrl(text) {
  try {
    const url = new URL(text);
    return /^https?:$/.test(url.protocol) && url.hostname !== '';
  } catch {
    return false;
  }
}

/** Unencrypted, and not within this machine. */
const isPlain = (url) => /^http:/i.test(url) && !/^http:\/\/(localhost|127\.|\[::1\])/i.test(url);
