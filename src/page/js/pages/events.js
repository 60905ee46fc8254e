// The list of events: what happened on the phone lines, and what became of each for every endpoint.

import { get } from '../api.js';
import { fill, h, list, on, slot, tpl } from '../dom.js';
import { showTitle } from '../endpoint-names.js';
import { loadTypes, typeName } from '../event-types.js';
import { duration, phone, when } from '../fmt.js';
import { t } from '../i18n.js';
import { live } from '../live.js';
import { go, replaceQuery } from '../router.js';
import { openReplay } from '../replay-dialog.js';
import { tableIn } from '../tables.js';
import { announce, busy, codeBox, debounce, emptyState, problemBox, skeleton, stateBadge, toastError } from '../ui.js';

const PAGE = 50;
const TYPING_MS = 300;
/** Chips of one row; the details page has them all. */
const CHIPS_MAX = 3;
/** A rare match lies far back: so many empty pages are read on before the user is asked. */
const EMPTY_PAGES_MAX = 10;
const STATES = ['delivered', 'waiting', 'in_flight', 'failed', 'expired', 'superseded', 'cancelled', 'unmatched'];
const FILTERS = ['type', 'state', 'q', 'account', 'window'];
const WINDOWS = { '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000 };

/** @type {import('../router.js').Page} */
export const events = { title: () => t('events.title'), mount };

async function mount(main, params, query, { signal }) {
  const page = tpl('events-page');
  const part = (/** @type {string} */ name) => slot(page, name);
  main.append(page);
  fill(part('body'), skeleton(6));
  const types = await loadTypes({ signal });
  part('type').append(...types.map((type) => h('option', { value: type.code }, typeName(type.code))));
  if (query.type && !types.some((type) => type.code === query.type)) part('type').append(h('option', { value: query.type }, query.type));
  part('state').append(...STATES.map((state) => h('option', { value: state }, state === 'unmatched' ? t('events.unmatched') : t(`state.${state}`))));
  for (const name of FILTERS) part(name).value = query[name] ?? '';

  /** @type {any[]} */
  let items = [];
  let next = null;
  let fresh = 0;
  let reading = new AbortController();
  const values = () => Object.fromEntries(FILTERS.map((name) => [name, part(name).value.trim()]));
  const isFiltered = () => Object.values(values()).some(Boolean);

  const ask = async (/** @type {string|null} */ cursor, /** @type {AbortSignal} */ until) => {
    const { window: span, ...filters } = values();
    const since = span ? new Date(Date.now() - WINDOWS[span]).toISOString() : null;
    for (let pages = 0; pages < EMPTY_PAGES_MAX; pages += 1) {
      const found = await get('/v1/events', { signal: until, query: { ...filters, since, limit: PAGE, cursor } });
      cursor = next = found.next;
      if (!next || found.items.length) return found.items;
    }
    return [];
  };
  const read = async () => {
    reading.abort();
    reading = new AbortController();
    try {
      show(await ask(null, reading.signal));
    } catch (error) {
      if (error.name !== 'AbortError') fill(part('body'), problemBox(error, read));
    }
  };
  const show = (/** @type {any[]} */ found) => {
    items = found;
    showFresh(0);
    part('more').hidden = !next;
    part('end').hidden = Boolean(next) || items.length < PAGE;
    part('filters').hidden = part('replay').hidden = !items.length && !isFiltered();
    if (!items.length) return fill(part('body'), isFiltered() ? nothingFound() : firstEvent());
    return drawRows();
  };
  const drawRows = () => list(tableIn(part('body'), 'events-table').tBodies[0], items, (one) => one.id, makeRow, updateRow);
  const showFresh = (/** @type {number} */ count) => {
    fresh = count;
    part('fresh').hidden = !count;
    if (count) part('fresh').textContent = t('events.new', { count });
  };
  const more = async () => {
    const known = fresh;
    show([...items, ...(await ask(next, signal))]);
    showFresh(known);
  };
  const nothingFound = () => emptyState({
    title: t('events.none'),
    actions: [h('button', { class: 'btn', type: 'button', onclick: clearFilters }, t('events.none.clear'))],
  });
  const clearFilters = () => {
    for (const name of FILTERS) part(name).value = '';
    filtered();
    part('q').focus();
  };
  const filtered = () => {
    replaceQuery(Object.fromEntries(Object.entries(values()).map(([name, value]) => [name, value || null])));
    return read().then(() => items.length || announce(t('events.none')));
  };

  for (const name of ['q', 'account']) part(name).addEventListener('input', debounce(filtered, TYPING_MS));
  for (const name of ['type', 'state', 'window']) part(name).addEventListener('change', filtered);
  page.addEventListener('submit', (event) => event.preventDefault());
  part('more').addEventListener('click', () => busy(part('more'), more()).catch(toastError));
  part('fresh').addEventListener('click', () => read().then(() => part('body').querySelector('tbody a')?.focus()));
  part('replay').addEventListener('click', () => openReplay().catch(toastError));
  openRows(page);
  follow({ items: () => items, signal, read, showFresh: (news) => showFresh(fresh + (news ? 1 : 0)), replace: (now) => {
    items = items.map((one) => (one.id === now.id ? now : one));
    drawRows();
  } });
  signal.addEventListener('abort', () => reading.abort());
  await read();
}

/** New events are counted, not pushed in under the cursor; what became of those that are shown is read again. */
function follow({ items, signal, read, showFresh, replace }) {
  const waiting = new Set();
  const readAgain = debounce(async () => {
    const ids = [...waiting];
    waiting.clear();
    for (const id of ids.slice(0, 20)) {
      const now = await get(`/v1/events/${id}`, { signal }).catch(() => null);
      const known = items().find((one) => one.id === id);
      if (now && known) replace({ ...known, deliveries: now.deliveries });
    }
  }, 500);
  live.on('event', (news) => (items().length ? showFresh(news) : read()), signal);
  live.on('attempt', (news) => {
    if (!news.test && items().some((one) => one.id === news.event)) readAgain(waiting.add(news.event));
  }, signal);
  live.on('refresh', () => items().length <= PAGE && read(), signal);
}

/** A click anywhere in a row opens it; the link in it is what the keyboard uses. */
function openRows(page) {
  on(page, 'click', 'tbody tr', (event, row) => {
    if (event.target.closest('a, button') || String(getSelection())) return;
    go(row.querySelector('a').getAttribute('href'));
  });
}

/** The first event: from a terminal, or as a phone system sends it. */
function firstEvent() {
  const body = '{"event":"call:completed","data":{"id":"call-1","caller_number":"+33639981234","tracked_number":"+33465712345","duration":42}}';
  const curl = `curl ${location.origin}/v1/events \\\n  -H "Authorization: Bearer $RINGHOOK_TOKEN" \\\n  -H 'Content-Type: application/json' \\\n  -d '${body}'`;
  const box = emptyState({ title: t('events.empty.title'), text: t('events.empty.text') });
  box.append(h('div', { class: 'empty-more' },
    h('p', { class: 'small muted' }, t('events.empty.cli')), codeBox('ringhook send call:completed --sample'),
    h('p', { class: 'small muted' }, t('events.empty.curl')), codeBox(curl)));
  return box;
}

/** @type {WeakMap<Element, any>} */
const ROWS = new WeakMap();

function makeRow(event) {
  const row = tpl('events-row');
  const part = (/** @type {string} */ name) => slot(row, name);
  const { summary } = event;
  part('link').href = `#/events/${event.id}`;
  part('link').textContent = typeName(event.event);
  part('link').title = event.event;
  fill(part('time'), when(event.occurred_at, 'clock'));
  fill(part('numbers'), numbersOf(summary));
  part('duration').textContent = summary?.duration == null ? '–' : duration(summary.duration * 1000);
  part('account').textContent = summary?.account?.name ?? summary?.account?.id ?? '–';
  part('account').title = summary?.account?.id ?? '';
  for (const cell of row.cells) cell.classList.toggle('nothing', cell.textContent.trim() === '–');
  return row;
}

/** From whom to which number; nothing for what is no call. */
export function numbersOf(/** @type {any} */ summary) {
  if (!summary?.tracked_number && !summary?.caller_number) return [h('span', { class: 'muted' }, '–')];
  return [
    h('span', { class: 'number' }, summary.caller_number ? phone(summary.caller_number) : t('events.withheld')),
    h('span', { class: 'number' }, h('span', { class: 'arrow' }, '→ '), phone(summary.tracked_number)),
  ];
}

function updateRow(row, event) {
  if (ROWS.get(row) === event) return;
  ROWS.set(row, event);
  fill(slot(row, 'outcome'), outcomes(event.deliveries));
}

/** The newest round of each endpoint: what went wrong first. */
function outcomes(deliveries) {
  const rounds = new Map();
  for (const delivery of deliveries) rounds.set(delivery.endpoint, delivery);
  if (!rounds.size) return h('span', { class: 'muted' }, t('events.matched.none'));
  const order = ['failed', 'expired', 'waiting', 'in_flight', 'cancelled', 'superseded', 'delivered'];
  const all = [...rounds.values()].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  const rest = all.length - CHIPS_MAX;
  return h('span', { class: 'chips' },
    all.slice(0, rest === 1 ? CHIPS_MAX + 1 : CHIPS_MAX).map(chip),
    rest > 1 && h('span', { class: 'chip', title: t('events.others.long', { count: rest }) }, t('events.others', { count: rest })));
}

function chip(delivery) {
  const badge = stateBadge(delivery.state);
  const word = badge.textContent;
  const name = h('span', { class: 'chip-name' });
  showTitle(name, delivery.endpoint);
  badge.lastChild.replaceWith(name, h('span', { class: 'hidden-text' }, ` ${word}`));
  badge.classList.add('chip');
  badge.title = word;
  return badge;
}
