// One event: what was received, and for every endpoint what became of it or why it was not sent there.

import { get, post, Problem } from '../api.js';
import { apiCurl } from '../curl.js';
import { bind, fill, h, icon, list, slot, tpl } from '../dom.js';
import { deliveryActions, deliveryState, endpointLink, lastAnswer } from '../deliveries-view.js';
import { showTitle } from '../endpoint-names.js';
import { loadTypes, typeName } from '../event-types.js';
import { bytes, duration, number, phone, when } from '../fmt.js';
import { has, t } from '../i18n.js';
import { byteLength, indent, member } from '../json-text.js';
import { live } from '../live.js';
import { setTitle, trail } from '../router.js';
import { tableIn } from '../tables.js';
import { copy, copyButton, debounce, emptyState, menu, openDialog, problemText, toast } from '../ui.js';

const NEWS_MS = 300;
/** Endpoints that did not want it are often many: so many are shown at first. */
const MISSED_SHOWN = 10;

/** @type {import('../router.js').Page} */
export const event = { title: () => t('events.title'), mount };

async function mount(main, { id }, query, { signal }) {
  const path = `/v1/events/${encodeURIComponent(id)}`;
  let text;
  try {
    [text] = await Promise.all([get(path, { signal, as: 'text' }), loadTypes({ signal })]);
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 404) throw error;
    main.append(
      trail([[t('event.crumb'), '#/events']]),
      h('h1', {}, t('event.gone.title')),
      emptyState({ title: '', text: t('event.gone.text'), actions: [h('a', { class: 'btn', href: '#/events' }, t('events.title'))] }));
    return;
  }
  let now = JSON.parse(text);
  const page = tpl('event-page');
  const part = (/** @type {string} */ name) => slot(page, name);
  main.append(page);
  showHead(page, now);
  showData(part('data'), member(text, 'data'));

  const show = () => {
    showDeliveries(part('deliveries'), now, refresh);
    showMissed(part('missed'), now);
  };
  const refresh = () => get(path, { signal }).then((next) => {
    now = next;
    show();
  }, () => {});
  const soon = debounce(refresh, NEWS_MS);
  show();
  part('again').addEventListener('click', () => sendAgain(now).then((done) => done && soon()));
  menu(part('more'), () => [
    { label: t('endpoint.copy.id'), icon: 'copy', onselect: () => copy(now.id) },
    { label: t('endpoint.copy.curl'), onselect: () => copy(apiCurl('GET', path)) },
    { label: t('endpoint.copy.cli'), onselect: () => copy(`ringhook events show ${now.id}`) },
  ]);
  live.on('attempt', (news) => news.event === now.id && soon(), signal);
  live.on('refresh', soon, signal);
}

function showHead(page, now) {
  const label = typeName(now.event);
  setTitle(`${label} – ${t('events.title')}`);
  bind(slot(page, 'head'), { trail: [trail([[t('event.crumb'), '#/events'], [label]])], title: label, code: now.event });
  const data = now.data ?? {};
  const text = (/** @type {any} */ value) => (typeof value === 'string' || typeof value === 'number' ? String(value) : null);
  const facts = [
    [t('event.occurred'), when(now.occurred_at, 'clock')],
    [t('event.received'), when(now.received_at, 'clock')],
    text(data.caller_number) && [t('event.caller'), phone(text(data.caller_number))],
    text(data.tracked_number) && [t('event.called'), phone(text(data.tracked_number))],
    typeof data.duration === 'number' && [t('event.duration'), duration(data.duration * 1000)],
    data.account && [t('event.account'), text(data.account.name) ?? text(data.account.id) ?? '–'],
    [t('event.from'), originText(now.origin)],
    [t('event.id'), [h('code', {}, now.id), copyButton(() => now.id)]],
  ].filter(Boolean);
  fill(slot(page, 'facts'), facts.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}

function originText(origin) {
  const [, token] = origin.match(/^token "?(.*?)"?$/) ?? [];
  if (token) return t('event.origin.token', { name: token });
  const [, uid] = origin.match(/^uid (\d+)$/) ?? [];
  if (uid) return t('event.origin.uid', { uid });
  return origin === 'ringhook' ? t('event.origin.own') : origin;
}

function showData(into, data) {
  if (data == null || data === 'null') return fill(into, h('p', { class: 'muted' }, t('event.data.gone')));
  const pre = h('pre', { class: 'code wrap', tabindex: '0', role: 'group', 'aria-label': t('event.data') }, indent(data));
  const choice = (/** @type {string} */ key, /** @type {string} */ shown, /** @type {boolean} */ on) => h('label', {},
    h('input', { type: 'radio', name: 'data-form', checked: on, onchange: () => (pre.textContent = shown) }), h('span', {}, t(key)));
  return fill(into, [
    h('div', { class: 'data-bar' },
      h('div', { class: 'segments', role: 'radiogroup', 'aria-label': t('event.data') }, choice('event.data.pretty', indent(data), true), choice('event.data.raw', data, false)),
      h('span', { class: 'small muted tabular' }, bytes(byteLength(data))),
      h('button', { class: 'btn small quiet', type: 'button', onclick: () => copy(data) }, icon('copy'), t('ui.copy'))),
    pre,
  ]);
}

function showDeliveries(into, now, changed) {
  if (!now.deliveries.length) return fill(into, h('p', { class: 'quiet-box' }, t('event.deliveries.none')));
  const [rows] = tableIn(into, 'event-deliveries').tBodies;
  const make = () => tpl('event-delivery');
  return list(rows, now.deliveries, (one) => one.id, make, (row, one) => updateDelivery(row, one, now, changed));
}

function updateDelivery(row, delivery, event, changed) {
  const state = JSON.stringify(delivery);
  if (row.dataset.state === state) return;
  row.dataset.state = state;
  const round = event.deliveries.filter((one) => one.endpoint === delivery.endpoint).indexOf(delivery);
  fill(slot(row, 'endpoint'), h('div', {}, endpointLink(delivery.endpoint), round > 0 && h('span', { class: 'sub' }, t('event.round', { n: round + 1 }))));
  fill(slot(row, 'outcome'), deliveryState(delivery));
  slot(row, 'attempts').textContent = number(delivery.attempts);
  fill(slot(row, 'last'), lastAnswer(delivery.last));
  const use = h('a', { class: 'btn small quiet', href: `#/endpoints/${delivery.endpoint}?event=${event.id}` }, t('event.use'));
  fill(slot(row, 'actions'), [deliveryActions(delivery, changed), use]);
}

function showMissed(into, now) {
  const missed = now.not_matched ?? [];
  into.hidden = !missed.length;
  const rows = slot(into, 'rows');
  const show = (/** @type {any[]} */ some) => list(rows, some, (one) => one.endpoint, missedRow);
  const isLong = missed.length > MISSED_SHOWN + 2 && !into.dataset.all;
  show(isLong ? missed.slice(0, MISSED_SHOWN) : missed);
  const all = slot(into, 'all');
  all.hidden = !isLong;
  const more = now.not_matched_more ?? 0;
  slot(into, 'beyond').hidden = !more;
  slot(into, 'beyond').textContent = t('event.missed.beyond', { count: more });
  all.textContent = t('event.missed.all', { count: missed.length });
  all.onclick = () => {
    into.dataset.all = 'yes';
    all.hidden = true;
    show(missed);
  };
}

/** The reason with both values is the server's own sentence; its kind is said in the page's language. */
function missedRow(miss) {
  const key = `event.miss.${miss.code}`;
  return h('li', {},
    endpointLink(miss.endpoint),
    h('span', {}, has(key) ? t(key) : ''),
    h('span', { class: 'sub', lang: 'en' }, miss.reason));
}

/** A new round, to all that match it now or to some. */
async function sendAgain(now) {
  const node = /** @type {HTMLDialogElement} */ (tpl('again-dialog'));
  const part = (/** @type {string} */ name) => slot(node, name);
  const known = [...new Set([...now.deliveries.map((one) => one.endpoint), ...(now.not_matched ?? []).map((one) => one.endpoint)])];
  part('list').append(...known.slice(0, 200).map((id) => {
    const name = h('span', {});
    showTitle(name, id);
    return h('label', { class: 'check' }, h('input', { type: 'checkbox', value: id }), name);
  }));
  part('list').hidden = true;
  for (const name of ['all', 'some']) part(name).addEventListener('change', () => (part('list').hidden = part('all').checked));
  let done = false;
  part('send').addEventListener('click', async (event) => {
    event.preventDefault();
    const chosen = [...part('list').querySelectorAll('input:checked')].map((box) => box.value);
    const fail = (/** @type {string} */ text) => {
      part('error').textContent = text;
      part('error').hidden = false;
    };
    if (part('some').checked && !chosen.length) return fail(t('event.again.pick'));
    try {
      const sent = await post(`/v1/events/${now.id}/replay`, part('some').checked ? { endpoints: chosen } : {});
      const count = sent.items.length;
      toast(count ? t('event.again.done', { count }) : t('event.again.none'), count ? 'ok' : 'info');
      done = true;
      node.close();
    } catch (error) {
      fail(problemText(error));
    }
    return undefined;
  });
  await openDialog(node);
  return done;
}
