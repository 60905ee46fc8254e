// Deliveries in words: the state, why it is so, and what can be done about it.

import { post } from './api.js';
import { h, icon } from './dom.js';
import { showTitle } from './endpoint-names.js';
import { duration, when } from './fmt.js';
import { has, t } from './i18n.js';
import { labelOf } from './outcome.js';
import { busy, confirm, stateBadge, toast, toastError } from './ui.js';

/** The states in which a delivery can be sent anew. */
const ENDED_BADLY = ['failed', 'expired', 'cancelled'];

/** State, reason and the next try of a delivery. */
export function deliveryState(/** @type {any} */ delivery) {
  const reason = reasonText(delivery);
  return h('div', {},
    stateBadge(delivery.state),
    delivery.state === 'waiting' && delivery.next_at && h('span', { class: 'sub' }, nextTry(delivery.next_at)),
    reason && h('span', { class: 'sub', lang: reason.lang }, reason.text));
}

function nextTry(at) {
  if (Date.parse(at) <= Date.now()) return t('event.due');
  const [before, after] = t('event.next', { when: '\0' }).split('\0');
  return [before, when(at), after];
}

/** `code: words` in the page's language where the catalogue has the code. */
export function reasonText(/** @type {any} */ delivery) {
  const { reason } = delivery;
  if (!reason) return null;
  const [, code, words] = reason.match(/^([a-z_]+): (.*)$/s) ?? [];
  if (code && has(`event.reason.${code}`)) return { text: t(`event.reason.${code}`) };
  if (reason.startsWith('its endpoint:')) return { text: t('event.reason.held') };
  return delivery.state === 'cancelled' ? null : { text: words ?? reason, lang: 'en' };
}

/** `500 · 92 ms · 3 min ago` of the last attempt. */
export function lastAnswer(/** @type {any} */ last) {
  if (!last) return h('span', { class: 'muted' }, '–');
  return h('div', {}, labelOf(last), ` · ${duration(last.ms)}`, h('span', { class: 'sub' }, when(last.at)));
}

/** Buttons for what the state allows; `changed` is told when something was done. */
export function deliveryActions(/** @type {any} */ delivery, /** @type {() => void} */ changed) {
  const retry = (/** @type {string} */ label, /** @type {string} */ said) => action(label, 'send', async () => {
    await post(`/v1/deliveries/${delivery.id}/retry`);
    toast(t(said), 'ok');
  }, changed);
  if (delivery.state === 'waiting') return [retry('attempt.now', 'attempt.now.done'), cancelButton(delivery, changed)];
  if (ENDED_BADLY.includes(delivery.state)) return [retry('attempt.again', 'attempt.again.done')];
  if (delivery.state !== 'delivered' && delivery.state !== 'superseded') return [];
  return [action('attempt.again', 'send', async () => {
    await post(`/v1/events/${delivery.event}/replay`, { endpoints: [delivery.endpoint] });
    toast(t('attempt.again.done'), 'ok');
  }, changed)];
}

function cancelButton(delivery, changed) {
  return action('event.cancel', 'x', async () => {
    const question = { title: t('event.cancel.title'), body: t('event.cancel.body'), action: t('event.cancel.action'), cancel: t('event.cancel.keep'), danger: true };
    if (!(await confirm(question))) return;
    await post(`/v1/deliveries/${delivery.id}/cancel`);
    toast(t('event.cancel.done'), 'ok');
  }, changed);
}

function action(label, name, work, changed) {
  const button = h('button', {
    class: 'btn small quiet', type: 'button', 'data-changes': true,
    onclick: () => busy(button, work()).then(changed).catch(toastError),
  }, icon(name), t(label));
  return button;
}

/** A link to an endpoint by its title. */
export function endpointLink(/** @type {string} */ id) {
  const link = h('a', { href: `#/endpoints/${id}` });
  showTitle(link, id);
  return link;
}
