// The history of an endpoint: its last ten attempts, each opening to what was sent, what came back and what it meant.

import { post } from './api.js';
import { attemptParts } from './attempt-view.js';
import { attemptCurl } from './curl.js';
import { h, icon, list, slot, tpl, bind } from './dom.js';
import { typeName } from './event-types.js';
import { duration, when } from './fmt.js';
import { t } from './i18n.js';
import { explain, isGood, labelOf } from './outcome.js';
import { replaceQuery } from './router.js';
import { badge, busy, copy, toast, toastError } from './ui.js';

/**
 * Keeps a list of attempts in step; open ones stay open.
 * @param {any} endpoint
 * @param {{open?: string, testAgain: (attempt: any) => void, changed: () => void}} options `open`: the attempt to begin with
 */
export function historyList(endpoint, { open, testAgain, changed }) {
  const node = h('ol', { class: 'history', 'aria-label': t('endpoint.history') });
  const empty = h('p', { class: 'quiet-box' }, t('endpoint.history.empty'));
  const box = h('div', {}, node, empty);
  /** @type {any[]} */
  let shown = [];
  const make = (attempt) => historyItem(attempt, { ...actions, isOpen: attempt.id === open });
  const actions = {
    testAgain,
    all: () => shown,
    again: async (attempt) => {
      const isLast = !shown.some((other) => other.delivery === attempt.delivery && other.n > attempt.n);
      await sendAgain(attempt, endpoint.id, isLast);
      changed();
    },
  };
  return {
    node: box,
    show(/** @type {any[]} */ attempts) {
      shown = attempts;
      empty.hidden = attempts.length > 0;
      node.hidden = attempts.length === 0;
      list(node, attempts, (attempt) => attempt.id, make);
    },
  };
}

/** What was waiting is sent now; what has ended gets a new round. */
async function sendAgain(attempt, endpoint, isLast) {
  if (attempt.outcome === 'delivered' || !isLast) {
    await post(`/v1/events/${attempt.event}/replay`, { endpoints: [endpoint] });
    return toast(t('attempt.again.done'), 'ok');
  }
  await post(`/v1/deliveries/${attempt.delivery}/retry`);
  return toast(t(attempt.outcome === 'retry' ? 'attempt.now.done' : 'attempt.again.done'), 'ok');
}

function historyItem(attempt, context) {
  const item = tpl('history-item');
  const good = isGood(attempt);
  bind(item, {
    at: when(attempt.at, 'clock'),
    type: typeName(attempt.event_type),
    test: attempt.test ? badge(t('attempt.test'), 'accent') : '',
    status: badge(labelOf(attempt), good ? 'ok' : 'bad', good ? 'dot' : 'triangle'),
    took: duration(attempt.duration_ms),
    try: attempt.test ? '' : attempt.n === 1 ? t('attempt.first') : t('attempt.nth', { n: attempt.n }),
  });
  const details = /** @type {HTMLDetailsElement} */ (slot(item, 'details'));
  const fillIn = () => {
    const into = slot(item, 'inside');
    if (!into.children.length) into.append(...inside(attempt, context));
  };
  details.addEventListener('toggle', () => {
    if (details.open) fillIn();
    if (details.isConnected) replaceQuery({ attempt: details.open ? attempt.id : null });
  });
  if (context.isOpen) details.open = true;
  return item;
}

function inside(attempt, { again, testAgain, all }) {
  const verdict = explain(attempt);
  const words = h('div', { class: `verdict small ${verdict.tone}` },
    icon(verdict.tone === 'ok' ? 'check' : 'warning'),
    h('div', { class: 'verdict-text' },
      h('p', {}, h('strong', {}, `${verdict.title}. `), verdict.advice),
      verdict.detail && h('p', { class: 'muted', lang: 'en' }, verdict.detail),
      !attempt.test && h('p', {}, then(attempt)),
      later(attempt, all())));
  return [words, attemptParts(attempt), foot(attempt, again, testAgain)];
}

function then(attempt) {
  if (attempt.outcome === 'retry' && attempt.next_at) {
    const [before, after] = t('attempt.then.retry', { when: '\0' }).split('\0');
    return [before, when(attempt.next_at), after];
  }
  return t(`attempt.then.${attempt.outcome}`);
}

/** What came of the same delivery afterwards, as far as the ring has it. */
function later(attempt, attempts) {
  const next = attempts.filter((other) => attempt.delivery && other.delivery === attempt.delivery && other.n > attempt.n).pop();
  if (!next) return null;
  const [before, after] = t('attempt.then.next', { when: '\0', n: next.n, what: labelOf(next) }).split('\0');
  return h('p', {}, before, when(next.at, 'clock'), after);
}

function foot(attempt, again, testAgain) {
  const waits = attempt.outcome === 'retry';
  const send = h('button', {
    class: 'btn small', type: 'button', 'data-changes': true,
    onclick: () => (attempt.test ? testAgain(attempt) : busy(send, again(attempt)).catch(toastError)),
  }, icon(waits ? 'play' : 'send'), t(waits ? 'attempt.now' : 'attempt.again'));
  return h('div', { class: 'history-foot' },
    send,
    h('button', { class: 'btn small', type: 'button', onclick: () => copy(attemptCurl(attempt)) }, icon('copy'), t('attempt.curl')),
    !attempt.test && h('a', { class: 'btn small', href: `#/events/${attempt.event}` }, t('attempt.event')));
}
