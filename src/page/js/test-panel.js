// The test panel: one signed request with data of one's own, its answer shown at once and explained in words.

import { get, patch, post, Problem } from './api.js';
import { attemptParts } from './attempt-view.js';
import { attemptCurl } from './curl.js';
import { bind, fill, h, icon, slot, tpl } from './dom.js';
import { builtIn, NOTICES, sampleText, typeLabel } from './event-types.js';
import { clock, duration, bytes } from './fmt.js';
import { t } from './i18n.js';
import { indent, member, byteLength } from './json-text.js';
import { explain } from './outcome.js';
import { alarm, announce, busy, confirm, copy, problemBox, problemText, toast } from './ui.js';

/** How many recent events are offered. */
const RECENT_MAX = 20;

/**
 * The panel of one endpoint.
 * @param {any} endpoint
 * @param {{event?: string, hasNext?: boolean, tested?: (attempt: any) => void, changed?: (endpoint: any) => void, signal: AbortSignal}} options
 *   `event`: the id of an event whose data to begin with
 */
export function testPanel(endpoint, { event, tested = () => {}, changed = () => {}, signal }) {
  const node = tpl('test-panel');
  const part = (/** @type {string} */ name) => slot(node, name);
  const type = part('type');
  const types = typesOf(endpoint);
  type.append(...types.map((code) => h('option', { value: code }, typeLabel(code))));
  let original = '';

  const setData = (/** @type {string} */ text) => {
    original = text;
    part('data').value = text;
    showError(null);
  };
  const showError = (/** @type {string|null} */ text) => {
    part('error').textContent = text ?? '';
    part('error').hidden = !text;
    if (text) part('data').setAttribute('aria-invalid', 'true');
    else part('data').removeAttribute('aria-invalid');
  };
  const useSample = () => setData(sampleText(type.value));
  const useRecent = async () => {
    const id = part('recent').value;
    if (id) setData(await eventData(id, signal));
  };

  const chooseSource = async (/** @type {'sample'|'recent'} */ source) => {
    part('recent-field').hidden = source === 'sample';
    part(source === 'sample' ? 'sample' : 'recent-choice').checked = true;
    if (source === 'sample') return useSample();
    await offerRecent(part('recent'), type.value, signal);
    part('recent-none').hidden = part('recent').options.length > 0;
    part('recent').hidden = part('recent').options.length === 0;
    return useRecent();
  };
  const guarded = (/** @type {Promise<any>|any} */ work) => Promise.resolve(work).catch((error) => error.name === 'AbortError' || toast(problemText(error), 'bad'));
  const source = () => (part('recent-choice').checked ? 'recent' : 'sample');

  type.addEventListener('change', () => guarded(chooseSource(source())));
  part('sample').addEventListener('change', () => guarded(chooseSource('sample')));
  part('recent-choice').addEventListener('change', () => guarded(chooseSource('recent')));
  part('recent').addEventListener('change', () => guarded(useRecent()));
  part('reset').addEventListener('click', () => {
    setData(original);
    announce(t('test.reset.done'));
  });

  const send = async () => {
    const problem = dataError(part('data').value);
    showError(problem);
    if (problem) return part('data').focus();
    const key = part('next').checked ? 'next' : 'current';
    const body = `{"event":${JSON.stringify(type.value)},"data":${part('data').value},"key":"${key}"}`;
    part('send-text').textContent = t('test.sending');
    try {
      const attempt = await busy(part('send'), post(`/v1/endpoints/${endpoint.id}/test`, body));
      showResult(part('result'), attempt, { endpoint, changed });
      tested(attempt);
    } catch (error) {
      refused(error, part('result'), showError);
    } finally {
      part('send-text').textContent = t('test.send');
    }
  };
  node.querySelector('form').addEventListener('submit', (submitted) => {
    submitted.preventDefault();
    if (part('send').getAttribute('aria-busy') !== 'true') send();
  });

  if (event) guarded(beginWith(event));
  else useSample();

  async function beginWith(/** @type {string} */ id) {
    const found = await get(`/v1/events/${id}`, { signal });
    if (!types.includes(found.event)) type.append(h('option', { value: found.event }, typeLabel(found.event)));
    type.value = found.event;
    await chooseSource('recent');
    const recent = part('recent');
    if (![...recent.options].some((option) => option.value === id)) recent.prepend(recentOption(found));
    recent.hidden = false;
    part('recent-none').hidden = true;
    recent.value = id;
    await useRecent();
  }

  return {
    node,
    focus: () => part('send').focus(),
    /** Fills in the data of an earlier test. */
    again(/** @type {any} */ attempt) {
      if (![...type.options].some((option) => option.value === attempt.event_type)) type.append(h('option', { value: attempt.event_type }, typeLabel(attempt.event_type)));
      type.value = attempt.event_type;
      part('recent-field').hidden = true;
      part('sample').checked = true;
      setData(indent(member(attempt.request.body, 'data') ?? '{}'));
      part('send').focus();
      node.scrollIntoView({ block: 'nearest' });
    },
    /** Whether there is a next key to sign with. */
    setNext(/** @type {boolean} */ exists) {
      part('key-field').hidden = !exists;
      if (!exists) part('current').checked = true;
    },
  };
}

/** What it wants first, then the other built-in types. */
function typesOf(endpoint) {
  const wanted = endpoint.events.map((one) => (typeof one === 'string' ? one : one.type)).filter((code) => code !== '*' && !NOTICES.includes(code));
  return [...new Set([...wanted, ...builtIn()])];
}

/** The data of an event, indented; its values as they were received. */
async function eventData(id, signal) {
  const text = await get(`/v1/events/${id}`, { signal, as: 'text' });
  return indent(member(text, 'data') ?? '{}');
}

async function offerRecent(select, type, signal) {
  const { items } = await get('/v1/events', { signal, query: { type, limit: RECENT_MAX } });
  select.replaceChildren(...items.map(recentOption));
}

function recentOption(event) {
  const who = event.summary?.caller_number ?? event.summary?.id ?? event.id;
  return h('option', { value: event.id }, `${clock(event.occurred_at)} · ${who}`);
}

/** What is wrong with the data, or null. */
function dataError(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return t('test.badjson', { why: error.message });
  }
  return value && typeof value === 'object' && !Array.isArray(value) ? null : t('test.notobject');
}

function refused(error, result, showError) {
  if (error.name === 'AbortError') return;
  alarm(problemText(error));
  if (error instanceof Problem && error.status === 422 && error.errors.length) {
    showError(error.errors.map((one) => `${one.field}: ${one.message}`).join('\n'));
    return;
  }
  result.replaceChildren(problemBox(error));
}

/** Shows what came of it: the meaning first, then what was received and sent. */
export function showResult(/** @type {Element} */ into, /** @type {any} */ attempt, { endpoint, changed = () => {} }) {
  const verdict = explain(attempt);
  const card = tpl('test-result');
  card.classList.add(verdict.tone);
  bind(card, {
    status: verdict.label,
    reason: reasonPhrase(attempt),
    took: duration(attempt.duration_ms),
    size: t('attempt.out', { size: bytes(byteLength(attempt.request.body)) }),
    at: clock(attempt.at),
    title: verdict.title,
    advice: verdict.advice,
    would: verdict.would,
    detail: verdict.detail ?? '',
    icon: [icon(verdict.tone === 'ok' ? 'check' : 'warning')],
    actions: verdictActions(verdict, attempt, endpoint, changed),
  });
  slot(card, 'advice').hidden = !verdict.advice;
  slot(card, 'detail').hidden = !verdict.detail;
  fill(into, [card, attemptParts(attempt)]);
  const said = t('test.announce', { what: `${verdict.label}. ${verdict.title}. ${verdict.would}` });
  if (verdict.tone === 'ok') announce(said);
  else alarm(said);
}

function verdictActions(verdict, attempt, endpoint, changed) {
  const actions = [h('button', { class: 'btn small', type: 'button', onclick: () => copy(attemptCurl(attempt)) }, icon('copy'), t('attempt.curl'))];
  if (verdict.location) {
    const replace = () => replaceUrl(endpoint, verdict.location, changed);
    actions.unshift(h('button', { class: 'btn small', type: 'button', 'data-changes': true, onclick: replace }, t('test.replace')));
  }
  if (verdict.kind === 'tls') actions.unshift(h('a', { class: 'btn small', href: `#/endpoints/${endpoint.id}/edit?open=tls` }, t('test.tls')));
  return actions;
}

/** The address comes from the receiver: it is shown whole before it is used. */
async function replaceUrl(endpoint, url, changed) {
  const body = h('p', { class: 'break' }, t('test.replace.body', { url }));
  const sure = await confirm({ title: t('test.replace.title', { title: endpoint.title }), body, action: t('test.replace') });
  if (!sure) return;
  try {
    changed(await patch(`/v1/endpoints/${endpoint.id}`, { url }));
    toast(t('test.replaced'), 'ok');
  } catch (error) {
    toast(problemText(error), 'bad');
  }
}

const PHRASES = {
  200: 'OK', 201: 'Created', 202: 'Accepted', 204: 'No Content', 301: 'Moved Permanently', 302: 'Found', 303: 'See Other',
  307: 'Temporary Redirect', 308: 'Permanent Redirect', 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found',
  405: 'Method Not Allowed', 408: 'Request Timeout', 409: 'Conflict', 410: 'Gone', 413: 'Content Too Large', 415: 'Unsupported Media Type',
  422: 'Unprocessable Content', 429: 'Too Many Requests', 500: 'Internal Server Error', 501: 'Not Implemented', 502: 'Bad Gateway',
  503: 'Service Unavailable', 504: 'Gateway Timeout',
};

/** The name of a status, as RFC 9110 has it. */
export const reasonPhrase = (/** @type {any} */ attempt) => PHRASES[attempt.response?.status] ?? '';
