// One attempt opened up: body and headers of the answer, what was sent, where the time went. All of it comes from
// strangers: it goes into text nodes and nowhere else.

import { h, icon, s } from './dom.js';
import { bytes, duration, number } from './fmt.js';
import { t } from './i18n.js';
import { byteLength, indent } from './json-text.js';
import { copy, newId, tabs } from './ui.js';

/** What ringhook keeps of a body. */
const KEPT_BYTES = 16 * 1024;
const PHASES = ['resolve_ms', 'connect_ms', 'tls_ms', 'wait_ms', 'read_ms'];

/** The parts of an attempt as tabs. @returns {HTMLElement} */
export function attemptParts(/** @type {any} */ attempt) {
  const parts = [
    ['attempt.tab.body', () => answerBody(attempt)],
    ['attempt.tab.headers', () => answerHeaders(attempt)],
    ['attempt.tab.sent', () => sent(attempt)],
    ['attempt.tab.timing', () => timing(attempt)],
  ];
  const ids = parts.map(() => newId('part'));
  const first = attempt.response ? 0 : 2;
  const bar = h('div', { class: 'tabs', role: 'tablist', 'aria-label': t('attempt.tabs') }, parts.map(([key], place) =>
    h('button', { type: 'button', role: 'tab', id: `${ids[place]}-tab`, 'aria-controls': ids[place], 'aria-selected': String(place === first) }, t(key))));
  const panels = parts.map(([, make], place) => h('div', {
    id: ids[place], class: 'tab-panel', role: 'tabpanel', 'aria-labelledby': `${ids[place]}-tab`, hidden: place !== first,
  }, make()));
  const node = h('div', { class: 'attempt-parts' }, bar, panels);
  tabs(bar);
  return node;
}

function answerBody(attempt) {
  const { response } = attempt;
  if (!response) return h('p', { class: 'muted' }, t('attempt.none'));
  if (!response.body) return h('p', { class: 'muted' }, t('attempt.empty'));
  return bodyView(response.body, { cut: response.body_truncated, binary: Boolean(response.body_base64) });
}

function answerHeaders(attempt) {
  if (!attempt.response) return h('p', { class: 'muted' }, t('attempt.none'));
  return headerList(attempt.response.headers);
}

function sent(attempt) {
  const { method, url, headers, body } = attempt.request;
  return [
    h('p', { class: 'request-line' }, h('strong', {}, method), ' ', url),
    headerList(headers),
    bodyView(body, { cut: byteLength(body) >= KEPT_BYTES }),
  ];
}

/** A body with its size, a switch for long lines and a way to copy it. */
export function bodyView(/** @type {string} */ text, { cut = false, binary = false } = {}) {
  const pre = h('pre', { class: 'code wrap', tabindex: '0', role: 'group', 'aria-label': t('attempt.tab.body') }, indent(text));
  const wrap = h('button', {
    class: 'btn small quiet', type: 'button', 'aria-pressed': 'true',
    onclick: () => wrap.setAttribute('aria-pressed', String(pre.classList.toggle('wrap'))),
  }, t('attempt.wrap'));
  const notes = [cut && t('attempt.cut', { size: bytes(KEPT_BYTES) }), binary && t('attempt.binary')].filter(Boolean);
  return h('div', { class: 'body-view' },
    pre,
    notes.map((note) => h('p', { class: 'small muted' }, note)),
    h('div', { class: 'part-foot' },
      h('span', { class: 'small muted tabular' }, bytes(byteLength(text))),
      wrap,
      h('button', { class: 'btn small quiet', type: 'button', onclick: () => copy(text) }, icon('copy'), t('attempt.copy.body'))));
}

function headerList(headers) {
  if (!headers.length) return h('p', { class: 'muted' }, t('attempt.noheaders'));
  return h('dl', { class: 'headers' }, headers.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}

/** Bars on one axis: each phase begins where the one before ended. */
function timing(attempt) {
  const known = PHASES.filter((name) => attempt.timings[name] != null);
  const total = known.reduce((sum, name) => sum + attempt.timings[name], 0) || 1;
  let begun = 0;
  const rows = known.map((name) => {
    const ms = attempt.timings[name];
    const bar = s('svg', { class: 'phase', viewBox: '0 0 1000 8', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      s('rect', { class: 'phase-track', width: '1000', height: '8' }),
      s('rect', { class: `phase-bar ${name}`, x: String((begun / total) * 1000), width: String(Math.max((ms / total) * 1000, 4)), height: '8' }));
    begun += ms;
    return h('tr', {}, h('th', { scope: 'row' }, t(`attempt.phase.${name}`)), h('td', { class: 'phase-cell' }, bar), h('td', { class: 'num' }, `${number(ms)} ms`));
  });
  const reused = attempt.timings.connect_ms == null && attempt.timings.wait_ms != null;
  return [
    h('table', { class: 'timing' }, h('tbody', {}, rows),
      h('tfoot', {}, h('tr', {}, h('th', { scope: 'row', colspan: '2' }, t('attempt.phase.total')), h('td', { class: 'num' }, duration(attempt.duration_ms))))),
    reused && h('p', { class: 'small muted' }, t('attempt.reused')),
  ];
}
