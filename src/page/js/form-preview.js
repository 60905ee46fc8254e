// The live preview of the form: which of the last events would have been sent, and why each of the others would not.

import { post } from './api.js';
import { fill, h, icon, list, slot } from './dom.js';
import { typeName } from './event-types.js';
import { duration, phone, when } from './fmt.js';
import { has, t } from './i18n.js';
import { announce, debounce, problemText } from './ui.js';

const LAST = 200;
const TYPING_MS = 250;
const SHOWN = 8;

/**
 * Runs in the element; the function it gives is called with the wire's `events` whenever they change.
 * @param {HTMLElement} node
 * @param {AbortSignal} signal
 */
export function preview(node, signal) {
  const part = (/** @type {string} */ name) => slot(node, name);
  let asking = new AbortController();
  let found = null;
  let isLong = false;

  const show = () => {
    const { source, total, matched, samples } = found;
    const words = source === 'samples' ? t('form.preview.samples', { count: total, matched }) : t('form.preview.matched', { count: total, matched });
    part('summary').textContent = words;
    part('meter').hidden = !samples.length;
    part('meter').max = Math.max(total, 1);
    part('meter').value = matched;
    const some = isLong ? samples : samples.slice(0, SHOWN);
    list(part('rows'), some, (sample) => keyOf(sample), () => h('li', { class: 'preview-row' }), fillRow);
    part('all').hidden = samples.length <= SHOWN;
    part('all').textContent = isLong ? t('form.preview.few') : t('form.preview.all', { count: samples.length });
    announce(words);
  };
  const quiet = (/** @type {string} */ text) => {
    part('summary').textContent = text;
    part('rows').replaceChildren();
    part('meter').hidden = part('all').hidden = true;
  };
  const ask = debounce(async (/** @type {any[]} */ events) => {
    asking.abort();
    asking = new AbortController();
    if (!events.length) return quiet(t('form.preview.none'));
    try {
      found = await post('/v1/filters/preview', { events, last: LAST }, { signal: asking.signal });
      show();
    } catch (error) {
      if (error.name !== 'AbortError') quiet(t('form.preview.away', { why: problemText(error) }));
    }
    return undefined;
  }, TYPING_MS);

  part('all').addEventListener('click', () => {
    isLong = !isLong;
    show();
  });
  signal.addEventListener('abort', () => asking.abort());
  quiet(t('form.preview.none'));
  return ask;
}

const keyOf = (sample) => sample.event.id ?? sample.event.event;

function fillRow(row, { event, matched, code, reason }) {
  const { summary } = event;
  row.classList.toggle('left-out', !matched);
  fill(row, [
    h('span', { class: `mark ${matched ? 'ok' : 'muted'}` }, icon(matched ? 'check' : 'x'), h('span', { class: 'hidden-text' }, t(matched ? 'form.preview.sent' : 'form.preview.left'))),
    h('span', { class: 'preview-what' },
      h('strong', {}, typeName(event.event)), ' ',
      [
        summary.caller_number && phone(summary.caller_number),
        summary.duration != null && duration(summary.duration * 1000),
        summary.account?.name,
      ].filter(Boolean).join(' · ')),
    event.received_at && h('span', { class: 'preview-when' }, when(event.received_at)),
    !matched && h('span', { class: 'preview-why' }, missText(code, reason)),
  ]);
}

/** A kind of miss in the page's language, then the server's sentence with both values. */
function missText(/** @type {string} */ code, /** @type {string} */ reason) {
  const key = `event.miss.${code}`;
  return [has(key) && t(key), h('span', { class: 'sub', lang: 'en' }, reason)].filter(Boolean);
}
