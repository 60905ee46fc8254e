// The strip of the last ten attempts: height says how long the answer took, hollow says that it failed. One tab stop;
// arrows move inside, and each attempt is named in full.

import { h } from './dom.js';
import { clock, duration } from './fmt.js';
import { t } from './i18n.js';

const CELLS = 10;
// Upper bounds of the latency buckets in ms; longer ones, and failures, take the full height.
const BUCKETS = [100, 300, 1000, 3000, 10_000];

/** The height of a latency, 1 to 6. */
export function bucket(/** @type {number|null|undefined} */ ms) {
  if (ms == null) return BUCKETS.length + 1;
  const at = BUCKETS.findIndex((bound) => ms <= bound);
  return at < 0 ? BUCKETS.length + 1 : at + 1;
}

/**
 * @typedef {{at: string, outcome: string, status?: number|null, ms?: number|null, error?: string|null, test?: boolean}} Recent
 * @param {Recent[]} recent newest first, as the API lists them
 */
export function strip(recent) {
  const shown = recent.slice(0, CELLS).reverse();
  const node = h('span', { class: 'strip', role: 'group', 'aria-label': summary(shown) });
  for (let empty = shown.length; empty < CELLS; empty += 1) node.append(h('span', { class: 'cell none' }));
  shown.forEach((one, index) => node.append(cell(one, index === shown.length - 1)));
  node.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => move(event, node));
  return node;
}

function cell(one, last) {
  const good = one.outcome === 'delivered' || (one.outcome === 'test' && one.status >= 200 && one.status < 300);
  const kind = one.outcome === 'test' || one.test ? 'test' : good ? 'good' : 'bad';
  const name = describe(one);
  return h('span', { class: `cell ${kind} h${good ? bucket(one.ms) : 6}${good ? '' : ' hollow'}`, role: 'img', 'aria-label': name, title: name, tabindex: last ? '0' : '-1' });
}

/** "18 Nov 14:02:11, 500, 9.8 s". */
function describe(one) {
  const result = one.status ?? (one.error ? t(`error.kind.${one.error}`) : t(`state.${one.outcome}`));
  return [clock(one.at), result, one.ms != null && duration(one.ms), one.test && t('state.test')].filter(Boolean).join(', ');
}

function summary(shown) {
  if (!shown.length) return t('strip.none');
  const failed = shown.filter((one) => one.outcome !== 'delivered' && one.outcome !== 'test').length;
  const last = shown[shown.length - 1].outcome;
  const state = t(last === 'delivered' ? 'strip.lastDelivered' : last === 'test' ? 'strip.lastTest' : 'strip.lastFailed');
  return t('strip.summary', { count: shown.length, delivered: shown.filter((one) => one.outcome === 'delivered').length, failed, last: state });
}

function move(event, node) {
  const cells = [...node.querySelectorAll('[role=img]')];
  const at = cells.indexOf(document.activeElement);
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: cells.length - 1 }[event.key];
  if (at < 0 || to === undefined || !cells[to]) return;
  event.preventDefault();
  cells[at].tabIndex = -1;
  cells[to].tabIndex = 0;
  cells[to].focus();
}
