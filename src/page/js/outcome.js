// What an answer means, in words for a person: every status and every kind of error has its own.

import { duration } from './fmt.js';
import { t } from './i18n.js';

/** The first delay of the retry plan; a longer `Retry-After` goes before it. */
const FIRST_RETRY_MS = 5000;
/** A `Retry-After` beyond this is not honoured. */
const RETRY_AFTER_MAX_S = 24 * 3600;

/** Statuses with words of their own; the others go by their class. */
const STATUS_WORDS = new Map([
  [301, 'redirect'], [302, 'redirect'], [303, 'redirect'], [307, 'redirect'], [308, 'redirect'],
  [400, 'bad_data'], [422, 'bad_data'],
  [401, 'refused'], [403, 'refused'], [407, 'refused'],
  [404, 'no_post'], [405, 'no_post'], [501, 'no_post'],
  [408, 'slow408'], [409, 'conflict'], [410, 'gone'], [413, 'big'], [415, 'media'], [429, 'busy'],
  [500, 'failed'], [502, 'gateway'], [504, 'gateway'], [503, 'unavailable'],
]);

/**
 * @typedef {{
 *   kind: string, tone: 'ok'|'warn'|'bad', label: string, title: string, advice: string,
 *   would: string, detail: string|null, location: string|null,
 * }} Verdict `label` is short (`200 OK`, `No answer`), `detail` the server's own words in English
 */

/**
 * Explains an attempt.
 * @param {any} attempt as the API shows it
 * @returns {Verdict}
 */
export function explain(attempt) {
  const status = attempt.response?.status ?? null;
  const location = status >= 300 && status < 400 ? locationOf(attempt) : null;
  const kind = attempt.error ? errorKind(attempt.error) : statusKind(status, location);
  const limit = duration(attempt.duration_ms);
  const key = `test.out.${kind}`;
  return {
    kind,
    tone: kind === 'ok' ? 'ok' : kind === 'redirect' || kind === 'busy' ? 'warn' : 'bad',
    label: labelOf(attempt),
    title: t(key, { status }),
    advice: kind === 'ok' ? '' : t(`${key}.do`, { status, limit, to: location }),
    would: would(attempt, kind),
    detail: attempt.error?.message ?? null,
    location,
  };
}

/** `200`, `500`, or a word where no status came. */
export function labelOf(/** @type {any} */ attempt) {
  const status = attempt.response?.status ?? attempt.status;
  if (status) return String(status);
  const kind = attempt.error?.kind ?? attempt.error;
  return kind ? errorLabel(kind) : t('attempt.noanswer');
}

/** A short name for a kind of error: `DNS`, `timeout`. */
export function errorLabel(/** @type {string} */ kind) {
  return t(`error.kind.${kind}`);
}

/** Whether an attempt or its short form ended well. A test says it by its status alone. */
export function isGood(/** @type {any} */ attempt) {
  if (attempt.outcome === 'delivered') return true;
  const status = attempt.response?.status ?? attempt.status ?? 0;
  return attempt.outcome === 'test' && status >= 200 && status < 300;
}

/** @param {number} status @param {string|null} location */
export function statusKind(status, location) {
  if (status >= 200 && status < 300) return 'ok';
  const known = STATUS_WORDS.get(status);
  if (known === 'redirect' && !location) return 'redirect_nowhere';
  if (known) return known;
  if (status >= 300 && status < 400) return 'redirect_nowhere';
  if (status >= 400 && status < 500) return 'client';
  return status >= 500 && status < 600 ? 'server' : 'odd';
}

/** @param {{kind: string, phase: string, message: string}} error */
export function errorKind({ kind, phase, message }) {
  if (kind === 'connect' && /refused/.test(message)) return 'connect_refused';
  if (kind === 'timeout' && phase !== 'response' && phase !== 'request') return 'timeout_connect';
  return kind;
}

/** Where a redirect leads, as an absolute http(s) URL; null where it names none. */
function locationOf(attempt) {
  const found = attempt.response.headers.find(([name]) => name.toLowerCase() === 'location');
  if (!found) return null;
  try {
    const url = new URL(found[1], attempt.request.url);
    return /^https?:$/.test(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

function would(attempt, kind) {
  if (kind === 'ok') return t('test.would.delivered');
  if (kind === 'gone') return t('test.would.pause');
  return t('test.would.retry', { in: duration(Math.max(FIRST_RETRY_MS, retryAfterMs(attempt))) });
}

/** What `Retry-After` asks for, in seconds or as a date; 0 where it does not. */
function retryAfterMs(attempt) {
  const found = attempt.response?.headers.find(([name]) => name.toLowerCase() === 'retry-after');
  if (!found) return 0;
  const seconds = /^\d+$/.test(found[1]) ? Number(found[1]) : (Date.parse(found[1]) - Date.now()) / 1000;
  return seconds > 0 ? Math.min(seconds, RETRY_AFTER_MAX_S) * 1000 : 0;
}
