// An endpoint in words: what it wants, why it is not active, what is done with it.

import { del, get, post } from './api.js';
import { h } from './dom.js';
import { typeLabel } from './event-types.js';
import { ago, phone } from './fmt.js';
import { t } from './i18n.js';
import { fromWire } from './subscriptions.js';
import { confirm, toast } from './ui.js';

/** How many names of a list are written out. */
const SHOWN_MAX = 3;

/** `a, b, c and 4 more`. */
export function some(/** @type {string[]} */ names) {
  if (names.length <= SHOWN_MAX + 1) return names.join(', ');
  return t('endpoint.list.more', { list: names.slice(0, SHOWN_MAX).join(', '), count: names.length - SHOWN_MAX });
}

/** The types it wants. @returns {string} */
export const eventsText = (/** @type {any} */ endpoint) =>
  some([...new Set(fromWire(endpoint.events).wishes.map((wish) => typeLabel(wish.type)))]);

/** Its filters. @returns {string} */
export function filterText(/** @type {any} */ endpoint) {
  const model = fromWire(endpoint.events);
  if (model.each) return t('endpoint.filter.each');
  const { accounts, numbers, min, max } = model.shared;
  const parts = [];
  if (min !== null && max !== null) parts.push(t('endpoint.filter.range', { min, max }));
  else if (min !== null) parts.push(t('endpoint.filter.min', { min }));
  else if (max !== null) parts.push(t('endpoint.filter.max', { max }));
  if (accounts.length) parts.push(t('endpoint.filter.accounts', { list: some(accounts) }));
  if (numbers.length) parts.push(t('endpoint.filter.numbers', { list: some(numbers.map(shownNumber)) }));
  return parts.length ? parts.join(' · ') : t('endpoint.filter.none');
}

/** A number or a beginning of one, as people write it. */
export const shownNumber = (/** @type {string} */ pattern) => (pattern.endsWith('*') ? pattern : phone(pattern));

/** Since when its state holds, from the reason; null where it names no time. */
const sinceOf = (/** @type {string|null} */ reason) => reason?.match(/\d{4}-\d\d-\d\dT[\d:.]+Z/)?.[0] ?? null;

/**
 * Why an endpoint is not active, in the page's language; the server's own words where it says something new.
 * @returns {Node|null}
 */
export function stateNote(/** @type {any} */ endpoint) {
  if (endpoint.state === 'active') return null;
  const since = sinceOf(endpoint.reason);
  const key = noteKey(endpoint);
  if (!since || !key) return h('p', { lang: 'en' }, endpoint.reason ?? '');
  return h('p', {}, t(key, { since: sinceText(since) }));
}

function noteKey({ state, reason }) {
  if (state === 'failing') return 'endpoint.note.failing';
  if (state === 'disabled') return 'endpoint.note.disabled';
  if (/410/.test(reason)) return 'endpoint.note.paused.gone';
  if (/by hand/.test(reason) && !/resume it by hand/.test(reason)) return 'endpoint.note.paused.hand';
  return /failing/.test(reason) ? 'endpoint.note.paused.failing' : null;
}

const sinceText = (iso) => sinceFormat().format(new Date(iso));
const sinceFormat = () => new Intl.DateTimeFormat(document.documentElement.lang, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

/** `500 × 8`, for the line below a failing endpoint. */
export function failuresText(/** @type {any} */ endpoint) {
  const tries = endpoint.recent.filter((one) => one.outcome !== 'test');
  const newestFirst = tries.length > 1 && tries[0].at < tries[tries.length - 1].at ? [...tries].reverse() : tries;
  const good = newestFirst.findIndex((one) => one.outcome === 'delivered');
  const count = good < 0 ? newestFirst.length : good;
  if (!count) return '';
  const statuses = new Set(newestFirst.slice(0, count).map((one) => one.status));
  const [status] = statuses;
  if (statuses.size === 1 && status) return t('endpoints.note.failing.at', { what: String(status), count });
  return t('endpoints.note.failing', { count });
}

/** "next try in 4 min", where something waits for its time. */
export function nextText(/** @type {any} */ endpoint) {
  const due = endpoint.stats.oldest_due_at;
  if (!due || Date.parse(due) < Date.now()) return '';
  return t('endpoints.note.next', { when: ago(due) });
}

/**
 * Pauses, resumes, enables or disables an endpoint and says so.
 * @param {any} endpoint
 * @param {'pause'|'resume'|'enable'|'disable'} action
 * @returns {Promise<any>} the endpoint as it is now; null when the user thought better of it
 */
export async function act(endpoint, action) {
  const { title } = endpoint;
  if (action === 'pause' || action === 'disable') {
    const { waiting } = await waitingNow(endpoint);
    const body = h('div', {},
      h('p', {}, t(`endpoint.${action}.body`)),
      action === 'disable' && waiting > 0 && h('p', {}, t('endpoint.disable.waiting', { count: waiting })));
    const sure = await confirm({
      title: t(`endpoint.${action}.title`, { title }), body,
      action: t(action === 'pause' ? 'endpoint.pause' : 'endpoint.disable.action'), danger: action === 'disable',
    });
    if (!sure) return null;
  }
  const now = await post(`/v1/endpoints/${endpoint.id}/${action}`);
  toast(t(`endpoint.done.${action}`, { title }), 'ok');
  return now;
}

/** Deletes an endpoint after saying what goes with it; whether it is gone. */
export async function remove(/** @type {any} */ endpoint) {
  const { title } = endpoint;
  const { waiting } = await waitingNow(endpoint);
  const body = h('div', {},
    waiting > 0 && h('p', {}, h('strong', {}, t('endpoint.delete.waiting', { count: waiting }))),
    h('p', {}, t('endpoint.delete.body')));
  const sure = await confirm({ title: t('endpoint.delete.title', { title }), body, action: t('endpoint.delete.action'), danger: true });
  if (!sure) return false;
  await del(`/v1/endpoints/${endpoint.id}`);
  toast(t('endpoint.done.delete', { title }), 'ok');
  return true;
}

/** What waits may have changed since the page was read. */
async function waitingNow(endpoint) {
  return (await get(`/v1/endpoints/${endpoint.id}`)).stats;
}
