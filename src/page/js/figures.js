// The five figures of the overview, each with its chart over a window that one can choose; or all of them as one table.

import { get } from './api.js';
import { chart } from './chart.js';
import { fill, h } from './dom.js';
import { duration, minute, number, percent } from './fmt.js';
import { t } from './i18n.js';
import { replaceQuery } from './router.js';
import { announce, problemBox } from './ui.js';

const WINDOWS = ['1h', '24h', '7d'];
// Points in a chart at most: neighbours are put together beyond it, so that a bar stays wide enough to be pointed at.
const POINTS_MAX = 60;

/**
 * @typedef {{at: string, delivered: number, failed: number, p95_ms: number|null, waiting: number|null, oldest_waiting_ms: number|null}} Row
 * @param {HTMLElement} root
 * @param {Record<string, string>} query of the address
 * @param {AbortSignal} signal
 */
export function figures(root, query, signal) {
  const state = { window: WINDOWS.includes(query.window) ? query.window : '24h', table: query.view === 'table', rows: /** @type {Row[]} */ ([]), total: /** @type {any} */ (null), now: /** @type {any} */ (null) };
  const tiles = FIGURES.map(tile);
  const grid = h('div', { class: 'tiles' }, tiles.map(({ node }) => node));
  const table = h('div', { class: 'table-box figures-table', role: 'region', tabindex: '0', 'aria-label': t('figures.caption') });
  const toggle = h('button', { class: 'btn quiet small', type: 'button', onclick: () => show({ table: !state.table }) });
  const windows = h('div', { class: 'segments', role: 'group', 'aria-label': t('figures.window') }, WINDOWS.map((name) => h('button', {
    type: 'button', 'aria-pressed': String(name === state.window), 'data-window': name, onclick: () => show({ window: name }),
  }, t(`figures.${name}`))));
  fill(root, [h('div', { class: 'section-head' }, h('h2', {}, t('figures.title')), h('div', { class: 'row' }, toggle, windows)), grid, table]);

  const draw = () => {
    grid.hidden = state.table;
    table.hidden = !state.table;
    toggle.textContent = t(state.table ? 'figures.asCharts' : 'figures.asTable');
    for (const button of windows.children) button.setAttribute('aria-pressed', String(button.getAttribute('data-window') === state.window));
    if (state.table) fill(table, asTable(state.rows));
    else for (const one of tiles) one.draw(state);
  };
  const show = (change) => {
    Object.assign(state, change);
    replaceQuery({ window: state.window === '24h' ? null : state.window, view: state.table ? 'table' : null });
    if (change.window) read();
    draw();
    if (change.window) announce(t(`figures.${change.window}.long`));
  };
  const read = async () => {
    try {
      const asked = state.window;
      const stats = await get('/v1/stats', { signal, query: { window: asked } });
      if (asked !== state.window) return;
      Object.assign(state, { rows: rowsOf(stats), total: stats.total });
      draw();
    } catch (error) {
      if (!signal.aborted) fill(table, problemBox(error, read)), (table.hidden = false);
    }
  };
  return {
    read,
    /** What holds now, from `/v1/status`. */
    status(/** @type {any} */ status) {
      state.now = status;
      draw();
    },
    /** News: what waits changes the most. */
    now(/** @type {any} */ news) {
      if (!state.now || state.table) return;
      state.now = { ...state.now, waiting: news.waiting };
      tiles[3].draw(state);
    },
  };
}

/** The rows of an answer, put together where there are more than a chart can show. */
export function rowsOf(stats) {
  const size = Math.ceil(stats.points.length / POINTS_MAX) || 1;
  const rows = [];
  for (let at = 0; at < stats.points.length; at += size) rows.push(together(stats.points.slice(at, at + size)));
  return rows;
}

/** Sums of what is counted, the worst of what is measured. */
function together(points) {
  const sum = (name) => points.reduce((total, point) => total + (point[name] ?? 0), 0);
  const worst = (name) => points.reduce((most, point) => (point[name] == null ? most : Math.max(most ?? 0, point[name])), null);
  return { at: points[0].at, delivered: sum('delivered'), failed: sum('failed'), p95_ms: worst('p95_ms'), waiting: worst('waiting'), oldest_waiting_ms: worst('oldest_waiting_ms') };
}

const successOf = ({ delivered, failed }) => (delivered + failed > 0 ? delivered / (delivered + failed) : null);
/** "1.2 s at worst"; nothing where there was nothing. */
function ofWorst(key, format, rows, name) {
  const most = Math.max(0, ...rows.map((row) => row[name] ?? 0));
  return most > 0 ? t(key, { value: format(most) }) : '';
}

/**
 * What each figure shows: its value now, the series behind it, where it leads.
 * @type {{name: string, href: string, kind: 'area'|'bars', colour: string, top?: number, value: (state: any) => string, of: (row: Row) => number|null, text: (value: number|null) => string, rest: (state: any) => string}[]}
 */
const FIGURES = [
  {
    name: 'delivered', href: '#/events?state=delivered', kind: 'bars', colour: 'accent',
    value: ({ total }) => number(total?.delivered), of: (row) => row.delivered, text: (value) => number(value),
    rest: ({ now }) => t('figures.perMinute', { n: number(now?.delivered_last_minute) }),
  },
  {
    name: 'success', href: '#/events?state=failed', kind: 'area', colour: 'ok', top: 1,
    value: ({ total }) => percent(total && successOf(total)), of: successOf, text: percent,
    rest: ({ total }) => t('figures.failed', { count: total?.failed ?? 0 }),
  },
  {
    name: 'p95', href: '#/endpoints?sort=-p95_ms', kind: 'area', colour: 'accent',
    value: ({ total }) => duration(total?.p95_ms), of: (row) => row.p95_ms, text: duration,
    rest: ({ rows }) => ofWorst('figures.worst', duration, rows, 'p95_ms'),
  },
  {
    name: 'waiting', href: '#/events?state=waiting', kind: 'area', colour: 'warn',
    value: ({ now }) => number(now?.waiting), of: (row) => row.waiting, text: (value) => number(value),
    rest: ({ rows }) => ofWorst('figures.most', number, rows, 'waiting'),
  },
  {
    name: 'oldest', href: '#/endpoints?sort=-waiting', kind: 'area', colour: 'warn',
    value: ({ rows }) => duration(rows[rows.length - 1]?.oldest_waiting_ms || null), of: (row) => row.oldest_waiting_ms,
    text: (value) => duration(value || null), rest: ({ rows }) => ofWorst('figures.most', duration, rows, 'oldest_waiting_ms'),
  },
];

function tile(figure) {
  const name = t(`figures.${figure.name}`);
  const value = h('p', { class: 'tile-value' });
  const note = h('p', { class: 'tile-note' });
  const place = h('div', { class: `tile-chart ${figure.colour}` });
  const node = h('article', { class: 'tile' }, h('h3', {}, h('a', { href: figure.href }, name)), value, place, note);
  let drawn = /** @type {any} */ (null);
  const draw = (state) => {
    const rest = figure.rest(state);
    fill(value, figure.value(state));
    if (!place.matches(':hover, :focus-within')) fill(note, rest);
    // The chart itself only changes with its rows: what is pointed at stays.
    if (drawn === state.rows) return;
    drawn = state.rows;
    const points = state.rows.map((row) => ({ at: row.at, value: figure.of(row) }));
    const read = (point) => {
      fill(note, point ? `${minute(point.at)} · ${figure.text(point.value)}` : figure.rest(state));
      if (point && place.contains(document.activeElement)) announce(note.textContent);
    };
    fill(place, chart({ points, kind: figure.kind, top: figure.top, description: t('figures.describe', { name, window: t(`figures.${state.window}.long`), value: figure.value(state), rest }), read }));
  };
  return { node, draw };
}

function asTable(rows) {
  const head = [h('th', { scope: 'col' }, t('figures.time')), FIGURES.map(({ name }) => h('th', { scope: 'col', class: 'num' }, t(`figures.${name}`)))];
  const body = [...rows].reverse().map((row) => h('tr', {},
    h('th', { scope: 'row' }, minute(row.at)),
    FIGURES.map((figure) => h('td', { class: 'num', 'data-label': t(`figures.${figure.name}`) }, figure.text(figure.of(row))))));
  return h('table', { class: 'data' }, h('thead', {}, h('tr', {}, head)), h('tbody', {}, body));
}
