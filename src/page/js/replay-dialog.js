// Replay: which stored events go to an endpoint again. It counts before anything is sent.

import { all, post } from './api.js';
import { fill, h, slot, tpl } from './dom.js';
import { loadTypes, typeLabel } from './event-types.js';
import { clock, duration } from './fmt.js';
import { t } from './i18n.js';
import { go } from './router.js';
import { announce, busy, debounce, openDialog, problemText } from './ui.js';

const COUNT_MS = 300;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/**
 * Asks what is to be replayed, and starts it.
 * @param {any} [endpoint] the one it goes to; without it the dialog asks
 */
export async function openReplay(endpoint) {
  await loadTypes().then((types) => open(endpoint, types));
}

async function open(endpoint, types) {
  const node = /** @type {HTMLDialogElement} */ (tpl('replay-dialog'));
  const part = (/** @type {string} */ name) => slot(node, name);
  part('heading').textContent = endpoint ? t('replay.of', { title: endpoint.title }) : t('replay.title');
  part('endpoint-field').hidden = Boolean(endpoint);
  part('since').value = localTime(Date.now() - DAY_MS);
  // The field knows no seconds: to the end of this minute.
  part('until').value = localTime(Date.now() + MINUTE_MS);
  part('event').append(...types.map((type) => h('option', { value: type.code }, typeLabel(type.code))));
  let aborted = new AbortController();
  let count = 0;

  const body = () => ({
    since: utc(part('since').value), until: utc(part('until').value), only: part('only').value,
    ...(part('event').value && { event: part('event').value }), rate_per_s: Number(part('rate').value) || null,
  });
  const target = () => endpoint?.id ?? part('endpoint').value;
  const say = (/** @type {string} */ text, kind = '') => {
    fill(part('count'), text);
    part('count').className = `replay-count ${kind}`;
    announce(text);
  };
  const enable = (/** @type {number} */ found) => {
    count = found;
    part('start').disabled = !found;
    part('start').textContent = found ? t('replay.start.count', { count: found }) : t('replay.start');
  };
  const countNow = async () => {
    aborted.abort();
    aborted = new AbortController();
    enable(0);
    if (!target()) return say('');
    if (part('since').value >= part('until').value) return say(t('replay.err.window'), 'bad');
    try {
      const asked = { ...body(), dry_run: true };
      const found = await post(`/v1/endpoints/${target()}/replay`, asked, { signal: aborted.signal });
      enable(found.count);
      if (!found.count) return say(t('replay.count.none'));
      const time = found.seconds == null ? '–' : duration(found.seconds * 1000);
      say(t('replay.count', { count: found.count, oldest: clock(found.oldest.received_at), time }));
    } catch (error) {
      if (error.name !== 'AbortError') say(problemText(error), 'bad');
    }
  };
  const soon = debounce(countNow, COUNT_MS);
  node.addEventListener('input', () => {
    fill(part('count'), t('replay.counting'));
    enable(0);
    soon();
  });
  part('start').addEventListener('click', async (event) => {
    event.preventDefault();
    if (!count) return;
    try {
      const replay = await busy(part('start'), post(`/v1/endpoints/${target()}/replay`, body()));
      node.close();
      go(`#/replays/${replay.id}`);
    } catch (error) {
      say(problemText(error), 'bad');
    }
  });
  node.addEventListener('close', () => aborted.abort());
  const closed = openDialog(node);
  if (!endpoint) await offerEndpoints(part('endpoint')).catch((error) => say(problemText(error), 'bad'));
  if (node.isConnected) await countNow();
  await closed;
}

async function offerEndpoints(select) {
  const items = await all('/v1/endpoints', { query: { sort: 'title' } });
  select.append(...items.map((one) => h('option', { value: one.id }, one.title)));
}

/** What a datetime-local field takes: local time without a zone. */
function localTime(ms) {
  const at = new Date(ms - new Date(ms).getTimezoneOffset() * MINUTE_MS);
  return at.toISOString().slice(0, 16);
}

const utc = (/** @type {string} */ local) => new Date(local).toISOString();
