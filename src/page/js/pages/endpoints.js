// The list of endpoints: how each stands, in words and in its last ten attempts.

import { get, post } from '../api.js';
import { fill, h, icon, list, slot, tpl } from '../dom.js';
import { learn } from '../endpoint-names.js';
import { act, failuresText, nextText, stateNote } from '../endpoint-words.js';
import { loadTypes, typeLabel } from '../event-types.js';
import { duration, number, percent } from '../fmt.js';
import { t } from '../i18n.js';
import { live } from '../live.js';
import { go, replaceQuery } from '../router.js';
import { openReplay } from '../replay-dialog.js';
import { strip } from '../strip.js';
import { tableIn } from '../tables.js';
import { announce, busy, codeBox, debounce, emptyState, menu, problemBox, skeleton, stateBadge, toast, toastError } from '../ui.js';
import { endpointMenu } from './endpoint.js';

const PAGE = 50;
const TYPING_MS = 250;
const STATES = ['failing', 'paused', 'active', 'disabled'];
const FILTERS = ['q', 'state', 'type', 'sort'];

/** @type {import('../router.js').Page} */
export const endpoints = { title: () => t('endpoints.title'), mount };

async function mount(main, params, query, { signal }) {
  const page = tpl('endpoints-page');
  const part = (/** @type {string} */ name) => slot(page, name);
  main.append(page);
  part('state').append(...STATES.map((state) => h('option', { value: state }, t(`state.${state}`))));
  fill(part('body'), skeleton(4));
  const types = await loadTypes({ signal });
  part('type').append(...types.map((type) => h('option', { value: type.code }, typeLabel(type.code))));
  for (const name of FILTERS) part(name).value = query[name] ?? '';

  /** @type {any[]} */
  let items = [];
  let next = null;
  let reading = new AbortController();
  const wanted = () => Object.fromEntries(FILTERS.map((name) => [name, part(name).value.trim()]));
  const isFiltered = () => ['q', 'state', 'type'].some((name) => part(name).value.trim());

  const read = async (cursor = null) => {
    reading.abort();
    reading = new AbortController();
    const { sort, ...filters } = wanted();
    try {
      const found = await get('/v1/endpoints', { signal: reading.signal, query: { ...filters, sort: sort || 'state', limit: PAGE, cursor } });
      items = cursor ? [...items, ...found.items] : found.items;
      next = found.next;
      items.forEach(learn);
      show();
    } catch (error) {
      if (error.name !== 'AbortError') fill(part('body'), problemBox(error, () => read()));
    }
  };
  const show = () => {
    const counted = next ? t('endpoints.count.more', { count: items.length }) : t('endpoints.count', { count: items.length });
    part('filters').hidden = !items.length && !isFiltered();
    part('add').hidden = !items.length && !isFiltered();
    part('count').textContent = counted;
    part('more').hidden = !next;
    if (!items.length) return fill(part('body'), isFiltered() ? nothingFound() : firstSteps());
    showRows(part('body'), items, context);
    return undefined;
  };
  const nothingFound = () => {
    const q = part('q').value.trim();
    const clear = h('button', { class: 'btn', type: 'button', onclick: clearFilters }, t('endpoints.none.clear'));
    return emptyState({ title: q ? t('endpoints.none.q', { q }) : t('endpoints.none.filter'), actions: [clear] });
  };
  const clearFilters = () => {
    for (const name of ['q', 'state', 'type']) part(name).value = '';
    filtered();
    part('q').focus();
  };
  const filtered = () => {
    replaceQuery(Object.fromEntries(Object.entries(wanted()).map(([name, value]) => [name, value || null])));
    return read().then(() => announce(part('count').textContent));
  };
  const context = {
    replaced(/** @type {any} */ now) {
      items = items.map((one) => (one.id === now.id ? now : one));
      show();
    },
    again: () => read(),
  };

  part('q').addEventListener('input', debounce(filtered, TYPING_MS));
  for (const name of ['state', 'type', 'sort']) part(name).addEventListener('change', filtered);
  page.addEventListener('submit', (event) => event.preventDefault());
  part('more').addEventListener('click', () => busy(part('more'), read(next)));
  live.on('endpoint', (news) => {
    const known = items.find((one) => one.id === news.id);
    if (news.deleted) items = items.filter((one) => one.id !== news.id);
    else if (known) items = items.map((one) => (one === known ? { ...one, ...news } : one));
    if (known) show();
  }, signal);
  live.on('refresh', () => !next && read(), signal);
  signal.addEventListener('abort', () => reading.abort());
  await read();
}

/** The empty state: what an endpoint is, and three ways to the first one. */
function firstSteps() {
  const receiver = h('button', { class: 'btn', type: 'button', 'data-changes': true, onclick: () => busy(receiver, addReceiver()).catch(toastError) }, t('endpoints.empty.try'));
  const add = h('a', { class: 'btn primary', href: '#/endpoints/new', 'data-key': 'n' }, icon('plus'), t('endpoints.add'));
  const box = emptyState({ title: t('endpoints.empty.title'), text: t('endpoints.empty.text'), actions: [add, receiver] });
  box.append(h('div', { class: 'empty-more' }, h('p', { class: 'small muted' }, t('endpoints.empty.cli')), codeBox('ringhook endpoint add https://…')));
  return box;
}

/** A receiver inside of the daemon, and an endpoint that leads to it. */
async function addReceiver() {
  const made = await post('/v1/test-receiver', { title: t('endpoints.receiver.title') });
  toast(t('endpoints.receiver.added'), 'ok');
  go(`#/endpoints/${made.id}?panel=test`);
}

function showRows(body, items, context) {
  const [rows] = tableIn(body, 'endpoints-table').tBodies;
  list(rows, items, (one) => one.id, (one) => makeRow(one, context), updateRow);
}

/** The endpoint that a row stands for, as it is now: the menu asks when it opens. */
const ROWS = new WeakMap();

function makeRow(one, context) {
  const row = tpl('endpoints-row');
  menu(slot(row, 'menu'), () => {
    const now = ROWS.get(row);
    const does = (/** @type {any} */ action) => act(now, action).then((next) => next && context.replaced(next)).catch(toastError);
    const toggle = now.state === 'disabled' ? 'enable' : now.state === 'paused' ? 'resume' : 'pause';
    return [
      { label: t('endpoint.test'), icon: 'send', href: `#/endpoints/${now.id}?panel=test` },
      { label: t(`endpoint.${toggle}`), icon: toggle === 'pause' ? 'pause' : 'play', onselect: () => does(toggle), changes: true },
      { label: t('endpoint.edit'), icon: 'edit', href: `#/endpoints/${now.id}/edit` },
      ...endpointMenu(now, { disable: () => does('disable'), gone: context.again, replay: () => openReplay(now) }),
    ];
  });
  slot(row, 'resume').addEventListener('click', () => act(ROWS.get(row), 'resume').then((next) => next && context.replaced(next)).catch(toastError));
  return row;
}

function updateRow(row, one) {
  const before = ROWS.get(row);
  if (before === one) return;
  ROWS.set(row, one);
  const part = (/** @type {string} */ name) => slot(row, name);
  const { stats } = one;
  const ended = stats.delivered_24h + stats.failed_24h;
  const link = part('link');
  link.textContent = one.title;
  link.href = `#/endpoints/${one.id}`;
  part('url').textContent = one.url.replace(/^https?:\/\//, '');
  part('url').title = one.url;
  fill(part('state'), stateBadge(one.state));
  fill(part('note'), noteOf(one));
  part('note').hidden = one.state === 'active';
  part('resume').hidden = one.state !== 'paused';
  if (JSON.stringify(before?.recent) !== JSON.stringify(one.recent)) fill(part('strip'), strip(one.recent));
  fill(part('day'), ended
    ? [h('span', { class: stats.failed_24h ? 'bad-text' : '' }, percent(stats.delivered_24h / ended)), h('span', { class: 'sub' }, number(ended))]
    : [h('span', { class: 'muted', 'aria-label': t('endpoints.day.none') }, '–')]);
  part('p95').textContent = duration(stats.p95_ms);
  part('waiting').textContent = number(stats.waiting);
  part('waiting').classList.toggle('muted', !stats.waiting);
  part('menu').setAttribute('aria-label', t('endpoints.menu', { title: one.title }));
}

/** One line on why it is not active: numbers for a failing one, the reason for the others. */
function noteOf(one) {
  if (one.state !== 'failing') return stateNote(one) ?? '';
  return [failuresText(one), nextText(one)].filter(Boolean).join(' · ') || stateNote(one);
}
