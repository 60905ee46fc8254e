// The overview: what needs attention, how it goes, what came last.

import { get, post } from '../api.js';
import { fill, h, icon } from '../dom.js';
import { ago, bytes, duration, number, phone, when } from '../fmt.js';
import { t } from '../i18n.js';
import { live } from '../live.js';

import { busy, debounce, emptyState, problemBox, skeleton, stateBadge, toast, toastError } from '../ui.js';
import { figures } from '../figures.js';

const SHOWN_MAX = 5;
const RECENT = 8;
const AGAIN_MS = 30_000;
// Below it a disk is worth a word; events are refused from `store.free_bytes_min` on, 256 MiB by default.
const FREE_BYTES_LOW = 2 * 1024 ** 3;

/** @type {import('../router.js').Page} */
export const overview = {
  title: () => t('nav.overview'),
  async mount(main, params, query, { signal }) {
    const parts = { attention: h('div', {}), figures: h('section', { class: 'section' }), recent: h('div', {}), facts: h('div', {}) };
    const charts = figures(parts.figures, query, signal);
    main.append(
      h('h1', {}, t('nav.overview')),
      h('section', { 'aria-labelledby': 'attention' }, h('h2', { id: 'attention', class: 'hidden-text' }, t('overview.attention')), parts.attention),
      parts.figures,
      h('div', { class: 'split section overview-last' },
        h('section', {}, h('div', { class: 'section-head' }, h('h2', {}, t('overview.recent')), h('a', { class: 'small', href: '#/events' }, t('overview.allEvents'))), parts.recent),
        h('section', {}, h('div', { class: 'section-head' }, h('h2', {}, t('overview.server'))), parts.facts)));
    parts.attention.append(skeleton(1));
    parts.recent.append(skeleton(5));
    parts.facts.append(skeleton(5));
    const update = () => read(parts, charts, signal);
    const soon = debounce(update, 1500);
    for (const name of ['refresh', 'event', 'endpoint']) live.on(/** @type {any} */ (name), soon, signal);
    live.on('stats', charts.now, signal);
    const timer = setInterval(() => live.state.peek() === 'live' && !document.hidden && update(), AGAIN_MS);
    signal.addEventListener('abort', () => clearInterval(timer));
    await update();
  },
};

async function read(parts, charts, signal) {
  if (signal.aborted) return;
  const again = () => read(parts, charts, signal);
  try {
    const [status, failing, paused, recent] = await Promise.all([
      get('/v1/status', { signal }),
      get('/v1/endpoints', { signal, query: { state: 'failing', limit: SHOWN_MAX } }),
      get('/v1/endpoints', { signal, query: { state: 'paused', limit: SHOWN_MAX } }),
      get('/v1/events', { signal, query: { limit: RECENT } }),
    ]);
    const isNew = Object.values(status.endpoints).every((count) => count === 0);
    fill(parts.attention, isNew ? welcome() : attention(status, [...failing.items, ...paused.items], again));
    fill(parts.recent, recentEvents(recent.items));
    fill(parts.facts, facts(status));
    charts.status(status);
    parts.figures.hidden = isNew && recent.items.length === 0;
    await charts.read();
  } catch (error) {
    if (!signal.aborted) fill(parts.attention, problemBox(error, again));
  }
}

const welcome = () => emptyState({
  title: t('overview.welcome'), text: t('overview.welcomeText'),
  actions: [h('a', { class: 'btn primary', href: '#/endpoints/new', 'data-key': 'n' }, icon('plus'), t('overview.add'))],
});

/** Sentences, each with a way to act; or the one that says that there are none. */
function attention(status, endpoints, again) {
  const lines = [
    status.disk_low && line('bad', 'warning', t('attention.disk', { free: bytes(status.disk_free_bytes) })),
    status.since_start.records_damaged > 0 && line('bad', 'warning', t('attention.damaged', { count: status.since_start.records_damaged }), code('ringhook check')),
    ...['failing', 'paused'].flatMap((state) => ofState(state, status, endpoints, again)),
    !status.disk_low && status.disk_free_bytes < FREE_BYTES_LOW && line('info', 'info', t('attention.diskSoon', { free: bytes(status.disk_free_bytes) })),
  ].filter(Boolean);
  if (lines.length) return h('ul', { class: 'rows attention' }, lines);
  return h('p', { class: 'calm' }, icon('check'), t('attention.none'));
}

const line = (kind, name, text, ...actions) => h('li', { class: `attention-line ${kind}` }, icon(name), h('p', {}, text), h('div', { class: 'page-act' }, actions));
const code = (text) => h('code', {}, text);

function ofEndpoint(endpoint, again) {
  const { state, title, stats } = endpoint;
  const open = h('a', { class: 'btn small', href: `#/endpoints/${endpoint.id}`, 'aria-label': t('attention.openNamed', { name: title }) }, t('ui.open'));
  const name = h('strong', {}, title);
  const waiting = stats.waiting > 0 ? ` ${t('attention.waiting', { count: stats.waiting })}` : '';
  if (state === 'failing') return line('bad', 'warning', [name, ' ', failingText(endpoint), waiting], open);
  const resume = h('button', { class: 'btn small', type: 'button', 'data-changes': true, 'aria-label': t('attention.resumeNamed', { name: title }) }, t('attention.resume'));
  resume.addEventListener('click', () => busy(resume, resumeEndpoint(endpoint, again)));
  return line('warn', 'pause', [name, ' ', t(`attention.paused.${cause(endpoint)}`, { since: ago(since(endpoint)) }), waiting], resume, open);
}

async function resumeEndpoint(endpoint, again) {
  try {
    await post(`/v1/endpoints/${endpoint.id}/resume`);
    toast(t('attention.resumed', { name: endpoint.title }));
    await again();
  } catch (error) {
    toastError(error);
  }
}

/** The server's reason is an English sentence with a time in it. */
const since = ({ reason, updated_at: updated }) => Date.parse(/\d{4}-\d\d-\d\dT[\d:.]+Z/.exec(reason ?? '')?.[0] ?? updated);
const cause = ({ reason }) => (/410/.test(reason) ? 'gone' : /after failing/.test(reason) ? 'failing' : 'hand');

/** With the last answer, or that none came. */
function failingText(endpoint) {
  const time = duration(Date.now() - since(endpoint));
  const last = endpoint.recent.find((one) => one.outcome !== 'test');
  return last?.status ? t('attention.failing', { time, answer: String(last.status) }) : t('attention.silent', { time });
}

/** Each endpoint of a state, and how many more there are than are shown. */
function ofState(state, status, endpoints, again) {
  const shown = endpoints.filter((endpoint) => endpoint.state === state);
  const rest = status.endpoints[state] - shown.length;
  const [kind, name] = state === 'failing' ? ['bad', 'warning'] : ['warn', 'pause'];
  const show = () => h('a', { class: 'btn small', href: `#/endpoints?state=${state}` }, t('ui.show'));
  return [...shown.map((endpoint) => ofEndpoint(endpoint, again)), rest > 0 && line(kind, name, t(`attention.more.${state}`, { count: rest }), show())];
}

function recentEvents(items) {
  if (!items.length) return emptyState({ title: t('overview.noEvents'), text: t('overview.noEventsText') });
  const head = ['overview.time', 'overview.event', 'overview.numbers', 'overview.outcome'].map((key) => h('th', { scope: 'col' }, t(key)));
  return h('div', { class: 'table-box' }, h('table', { class: 'data' }, h('thead', {}, h('tr', {}, head)), h('tbody', {}, items.map(recentRow))));
}

function recentRow(event) {
  const { caller_number: from, tracked_number: to, account } = event.summary;
  const numbers = from || to ? h('span', { class: 'numbers' }, h('span', { class: 'nowrap' }, phone(from)), ' ', h('span', { class: 'nowrap' }, `→ ${phone(to)}`)) : h('span', { class: 'break' }, account?.name ?? account?.id ?? '–');
  return h('tr', {},
    h('td', { class: 'head nowrap' }, h('a', { href: `#/events/${event.id}` }, when(event.received_at, 'clock'))),
    h('td', { 'data-label': t('overview.event') }, h('code', {}, event.event)),
    h('td', { 'data-label': t('overview.numbers') }, numbers),
    h('td', { 'data-label': t('overview.outcome') }, outcomes(event.deliveries)));
}

/** One badge for each state that its deliveries are in. */
function outcomes(deliveries) {
  const counts = new Map();
  for (const { state } of deliveries) counts.set(state, (counts.get(state) ?? 0) + 1);
  if (!counts.size) return stateBadge('unmatched');
  return h('span', { class: 'row outcomes' }, [...counts].map(([state, count]) => h('span', { class: 'nowrap' }, stateBadge(state), count > 1 && h('span', { class: 'small muted' }, ` × ${number(count)}`))));
}

function facts(status) {
  const counts = status.endpoints;
  const rows = [
    ['facts.version', status.version],
    ['facts.up', duration(status.uptime_s * 1000)],
    ['facts.endpoints', number(counts.active + counts.failing + counts.paused + counts.disabled)],
    ['facts.accepted', t('facts.perMinute', { n: number(status.accepted_last_minute) })],
    ['facts.threads', number(status.threads)],
    ['facts.database', bytes(status.database_bytes)],
    ['facts.bodies', bytes(status.body_bytes)],
    ['facts.free', bytes(status.disk_free_bytes)],
  ];
  return h('div', { class: 'card' }, h('dl', { class: 'kv facts' }, rows.map(([key, value]) => [h('dt', {}, t(/** @type {string} */ (key))), h('dd', {}, value)])));
}

