// A replay on its way: how far it is, and the way to stop it.

import { del, get, Problem } from '../api.js';
import { bind, h, slot, tpl } from '../dom.js';
import { titleOf } from '../endpoint-names.js';
import { clock, duration, number } from '../fmt.js';
import { t } from '../i18n.js';
import { setTitle, trail } from '../router.js';
import { announce, busy, emptyState, stateBadge, toast, toastError } from '../ui.js';

const READ_EVERY_MS = 1000;

/** @type {import('../router.js').Page} */
export const replay = { title: () => t('replay.title'), mount };

async function mount(main, { id }, query, { signal }) {
  const path = `/v1/replays/${encodeURIComponent(id)}`;
  let now;
  try {
    now = await get(path, { signal });
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 404) throw error;
    main.append(
      trail([[t('event.crumb'), '#/events']]),
      h('h1', {}, t('replay.gone.title')),
      emptyState({ title: '', text: t('replay.gone.text'), actions: [h('a', { class: 'btn', href: '#/events' }, t('events.title'))] }));
    return undefined;
  }
  const title = await titleOf(now.endpoint);
  const heading = t('replay.of', { title });
  setTitle(heading);
  const page = tpl('replay-page');
  bind(page, { trail: [trail([[t('endpoint.crumb'), '#/endpoints'], [title, `#/endpoints/${now.endpoint}`], [t('replay.title')]])], heading });
  slot(page, 'open').href = `#/endpoints/${now.endpoint}`;
  slot(page, 'deliveries').href = `#/deliveries?endpoint=${now.endpoint}`;
  main.append(page);

  const show = (/** @type {any} */ next) => {
    const ended = next.state !== 'running';
    if (ended && now.state === 'running') announce(t(`replay.${next.state}`));
    now = next;
    const done = next.queued + next.skipped;
    const rate = next.rate_per_s;
    bind(page, {
      state: [stateBadge(next.state)],
      progress: t('replay.progress', { done, total: next.count }),
      left: ended || !rate ? '' : t('replay.left', { time: duration(((next.count - done) / rate) * 1000) }),
      window: `${next.since ? clock(next.since) : '…'} – ${clock(next.until)}`,
      only: t(`replay.only.${next.only}`),
      rate: rate == null ? '–' : number(rate, 2),
      delivered: number(next.delivered),
      failed: number(next.failed),
      waiting: number(next.waiting),
    });
    const bar = slot(page, 'bar');
    bar.max = Math.max(next.count, 1);
    bar.value = done;
    bar.textContent = t('replay.progress', { done, total: next.count });
    slot(page, 'stop').hidden = ended;
    // What it has queued is still on its way after its end.
    if (ended && !next.waiting) clearInterval(timer);
  };
  const timer = setInterval(() => get(path, { signal }).then(show, () => {}), READ_EVERY_MS);
  slot(page, 'stop').addEventListener('click', async () => {
    try {
      await busy(slot(page, 'stop'), del(path));
      toast(t('replay.stop.done'), 'info');
      show(await get(path, { signal }));
      slot(page, 'open').focus();
    } catch (error) {
      toastError(error);
    }
  });
  show(now);
  return () => clearInterval(timer);
}
