// Numbers, times, sizes and telephone numbers as people read them, in the page's language.

import { localeOf, onLanguage, t } from './i18n.js';

/** @type {Map<string, any>} */
const made = new Map();

/** Intl objects are costly to make: one per locale and shape. */
function intl(kind, options) {
  const key = `${localeOf()} ${kind} ${JSON.stringify(options)}`;
  if (!made.has(key)) made.set(key, new Intl[kind](localeOf(), options));
  return made.get(key);
}

/** `1204` → `1,204`; `null` → `–`. */
export function number(/** @type {number|null|undefined} */ value, digits = 0) {
  return value == null ? '–' : intl('NumberFormat', { maximumFractionDigits: digits }).format(value);
}

/** `0.992` → `99.2%`. Never rounds up to 100: one failure in a million is not "all". */
export function percent(/** @type {number|null|undefined} */ fraction) {
  if (fraction == null) return '–';
  const shown = fraction < 1 ? Math.min(fraction, 0.999) : fraction;
  return intl('NumberFormat', { style: 'percent', maximumFractionDigits: shown > 0.9 && shown < 1 ? 1 : 0 }).format(shown);
}

/** `183` → `183 ms`, `9800` → `9.8 s`, `750000` → `12 min`, `11100000` → `3 h 5 min`, `432000000` → `5 d`. */
export function duration(/** @type {number|null|undefined} */ ms) {
  if (ms == null) return '–';
  if (ms < 1000) return t('fmt.ms', { n: Math.round(ms) });
  if (ms < 59_950) return t('fmt.s', { n: number(ms / 1000, ms < 9_950 ? 1 : 0) });
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return t('fmt.min', { n: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 && hours < 10 ? `${t('fmt.h', { n: hours })} ${t('fmt.min', { n: minutes % 60 })}` : t('fmt.h', { n: hours });
  return t('fmt.d', { n: Math.floor(hours / 24) });
}

/** `3 min ago`, `in 4 min`, `now`. The dots of English short forms are left out, as elsewhere on the page. */
export function ago(/** @type {string|number} */ iso, now = Date.now()) {
  return relative(Math.round((new Date(iso).getTime() - now) / 1000)).replaceAll('.', '');
}

function relative(seconds) {
  const format = intl('RelativeTimeFormat', { numeric: 'auto', style: 'short' });
  const size = Math.abs(seconds);
  if (size < 2) return format.format(0, 'second');
  if (size < 60) return format.format(seconds, 'second');
  if (size < 3600) return format.format(Math.trunc(seconds / 60), 'minute');
  if (size < 86_400) return format.format(Math.trunc(seconds / 3600), 'hour');
  return format.format(Math.trunc(seconds / 86_400), 'day');
}

/** `14:02:11` today, `18 Nov 14:02:11` before. */
export function clock(/** @type {string|number} */ iso, now = Date.now()) {
  const at = new Date(iso);
  const time = intl('DateTimeFormat', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(at);
  if (at.toDateString() === new Date(now).toDateString()) return time;
  return `${day(iso, now)} ${time}`;
}

/** `14:02` today, `18 Nov 14:02` before. */
export function minute(/** @type {string|number} */ iso, now = Date.now()) {
  const at = new Date(iso);
  const time = intl('DateTimeFormat', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(at);
  return at.toDateString() === new Date(now).toDateString() ? time : `${day(iso, now)} ${time}`;
}

/** `18 Nov`, with the year where it is another one. */
export function day(/** @type {string|number} */ iso, now = Date.now()) {
  const at = new Date(iso);
  const year = at.getFullYear() === new Date(now).getFullYear() ? undefined : 'numeric';
  return intl('DateTimeFormat', { day: 'numeric', month: 'short', year }).format(at);
}

/** `18 November 2026, 14:02:11.198 CET`. */
export function full(/** @type {string|number} */ iso) {
  return intl('DateTimeFormat', {
    day: 'numeric', month: 'long', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit',
    fractionalSecondDigits: 3, hourCycle: 'h23', timeZoneName: 'short',
  }).format(new Date(iso));
}

/** `412` → `412 B`, `86000000` → `82 MiB`. */
export function bytes(/** @type {number|null|undefined} */ count) {
  if (count == null) return '–';
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < 4) {
    value /= 1024;
    unit += 1;
  }
  return t(`fmt.bytes.${unit}`, { n: number(value, unit > 0 && value < 10 ? 1 : 0) });
}

// Country codes of one and two digits (ITU-T E.164 list of 2016); all others have three.
const SHORT_CODES = /^\+(1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58])/;

/** `+33612345678` → `+33 6 12 34 56 78`. What is no E.164 number stays as it is. */
export function phone(/** @type {string|null|undefined} */ e164) {
  if (!e164) return '–';
  if (!/^\+\d{6,15}$/.test(e164)) return e164;
  const code = SHORT_CODES.exec(e164)?.[0] ?? e164.slice(0, 4);
  const rest = e164.slice(code.length);
  if (code === '+33') return `+33 ${rest[0]} ${groups(rest.slice(1), 2)}`;
  if (code === '+1' && rest.length === 10) return `+1 ${rest.slice(0, 3)} ${rest.slice(3, 6)} ${rest.slice(6)}`;
  return `${code} ${groups(rest, 3)}`;
}

/** Groups of `size`, the last one longer rather than a single digit left over. */
function groups(digits, size) {
  const parts = digits.match(new RegExp(`\\d{1,${size}}`, 'g')) ?? [];
  if (parts.length > 1 && parts[parts.length - 1].length === 1) {
    const last = parts.pop();
    parts[parts.length - 1] += last;
  }
  return parts.join(' ');
}

/**
 * A `<time>` that says how long ago and keeps itself fresh; the full time stands in its title.
 * @param {string|null|undefined} iso
 * @param {'ago'|'clock'|'day'} [form]
 */
export function when(iso, form = 'ago') {
  const node = document.createElement('time');
  setWhen(node, iso, form);
  return node;
}

/** Gives a `<time>` made by `when` another moment. */
export function setWhen(/** @type {HTMLTimeElement} */ node, /** @type {string|null|undefined} */ iso, form = node.dataset.when ?? 'ago') {
  node.dataset.when = form;
  if (iso) node.dateTime = iso;
  else node.removeAttribute('datetime');
  freshen(node);
}

function freshen(/** @type {HTMLTimeElement} */ node) {
  const iso = node.dateTime;
  const forms = { ago, clock, day };
  const text = iso ? forms[node.dataset.when](iso) : '–';
  if (node.textContent !== text) node.textContent = text;
  const title = iso ? full(iso) : '';
  if (node.title !== title) node.title = title;
}

/** Starts the clock that keeps every `when` on the page fresh. */
export function startClock() {
  const all = () => document.querySelectorAll('time[data-when]').forEach((node) => freshen(/** @type {HTMLTimeElement} */ (node)));
  setInterval(all, 5000);
  onLanguage(all);
}
