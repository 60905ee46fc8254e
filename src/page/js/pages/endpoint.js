// One endpoint: how it stands, its last ten attempts, its key, and the panel that tests it.

import { get, Problem } from '../api.js';
import { apiCurl, quoted } from '../curl.js';
import { bind, fill, h, icon, slot, tpl } from '../dom.js';
import { learn } from '../endpoint-names.js';
import { act, eventsText, filterText, nextText, remove, stateNote } from '../endpoint-words.js';
import { loadTypes } from '../event-types.js';
import { duration, number, percent, when } from '../fmt.js';
import { historyList } from '../history.js';
import { t } from '../i18n.js';
import { keySection } from '../key.js';
import { live } from '../live.js';
import { go, setTitle, trail } from '../router.js';
import { testPanel } from '../test-panel.js';
import { busy, copy, debounce, emptyState, menu, stateBadge, toastError } from '../ui.js';
import { openReplay } from '../replay-dialog.js';
import { verifySection } from '../verify-section.js';

/** How long to wait for more news before reading again. */
const NEWS_MS = 400;

/** @type {import('../router.js').Page} */
export const endpoint = { title: () => t('endpoints.title'), mount };

async function mount(main, { id }, query, { signal }) {
  let shown;
  try {
    [shown] = await Promise.all([get(`/v1/endpoints/${encodeURIComponent(id)}`, { signal }), loadTypes({ signal })]);
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 404) throw error;
    return gone(main);
  }
  const attemptsPath = `/v1/endpoints/${shown.id}/attempts`;
  const first = await get(attemptsPath, { signal });
  const page = tpl('endpoint-page');
  main.append(page);

  let panel = null;
  const show = (/** @type {any} */ now) => {
    shown = now;
    learn(now);
    setTitle(`${now.title} – ${t('endpoints.title')}`);
    showHead(slot(page, 'head'), now);
    panel?.setNext(now.signature.next);
  };
  const refresh = async () => {
    const [now, attempts] = await Promise.all([get(`/v1/endpoints/${shown.id}`, { signal }), get(attemptsPath, { signal })]);
    show(now);
    history.show(attempts.items);
  };
  const soon = debounce(() => refresh().catch(quietly), NEWS_MS);

  panel = testPanel(shown, { event: query.event, tested: soon, changed: (now) => (show(now), soon()), signal });
  const history = historyList(shown, { open: query.attempt, testAgain: panel.again, changed: soon });
  const key = keySection(shown, { signal, changed: soon });
  slot(page, 'panel').append(panel.node);
  slot(page, 'history').append(history.node);
  slot(page, 'key').append(key);
  slot(page, 'verify').append(verifySection(shown, query.language));
  slot(page, 'all').setAttribute('href', `#/deliveries?endpoint=${shown.id}`);
  show(shown);
  history.show(first.items);
  buttons(slot(page, 'head'), () => shown, { show, refresh: soon, panel });

  for (const name of /** @type {const} */ (['attempt', 'endpoint', 'refresh'])) {
    live.on(name, (news) => (!news || (news.endpoint ?? news.id) === shown.id) && soon(), signal);
  }
  if (query.panel === 'test') setTimeout(panel.focus);
  if (query.replay) openReplay(shown);
}

/** What failed in the background shows in the live pill. */
function quietly() {}

function gone(main) {
  main.append(
    trail([[t('endpoint.crumb'), '#/endpoints']]),
    h('h1', {}, t('endpoint.gone.title')),
    emptyState({ title: '', text: t('endpoint.gone.text'), actions: [h('a', { class: 'btn', href: '#/endpoints' }, t('endpoints.title'))] }));
}

function showHead(head, now) {
  const { stats } = now;
  const ended = stats.delivered_24h + stats.failed_24h;
  bind(head, {
    trail: [trail([[t('endpoint.crumb'), '#/endpoints'], [now.title]])],
    title: now.title,
    state: [stateBadge(now.state)],
    url: now.url,
    events: eventsText(now),
    filter: filterText(now),
    delivered: number(stats.delivered_24h),
    failed: number(stats.failed_24h),
    success: ended ? percent(stats.delivered_24h / ended) : '–',
    p95: duration(stats.p95_ms),
    waiting: number(stats.waiting),
  });
  slot(head, 'failed').classList.toggle('bad', stats.failed_24h > 0);
  slot(head, 'waiting').href = `#/deliveries?endpoint=${now.id}&state=waiting`;
  const note = slot(head, 'note');
  const expiry = now.expires_at && expiryText(now.expires_at);
  note.hidden = now.state === 'active' && !expiry;
  note.className = `notice ${{ failing: 'bad', paused: 'warn' }[now.state] ?? 'info'}`;
  fill(note, [icon(now.state === 'active' ? 'info' : 'warning'), h('div', { class: 'notice-text' }, stateNote(now), expiry, waitingText(now))]);
}

function expiryText(at) {
  const [before, after] = t('endpoint.expires', { when: '\0' }).split('\0');
  return h('p', {}, before, when(at), after);
}

function waitingText(now) {
  if (now.state === 'active' || !now.stats.waiting) return null;
  const next = nextText(now);
  const words = t('endpoint.note.waiting', { count: now.stats.waiting });
  return h('p', {}, words, next && ` ${next[0].toUpperCase()}${next.slice(1)}`);
}

function buttons(head, current, { show, refresh, panel }) {
  const part = (/** @type {string} */ name) => slot(head, name);
  const does = (/** @type {any} */ action) => act(current(), action).then((now) => {
    if (!now) return;
    show(now);
    showToggle();
    refresh();
  });
  const showToggle = () => {
    const { state } = current();
    const action = state === 'disabled' ? 'enable' : state === 'paused' ? 'resume' : 'pause';
    part('toggle').dataset.action = action;
    fill(part('toggle'), [icon(action === 'pause' ? 'pause' : 'play'), t(`endpoint.${action}`)]);
  };
  showToggle();
  part('toggle').addEventListener('click', () => busy(part('toggle'), does(part('toggle').dataset.action)).catch(toastError));
  part('edit').setAttribute('href', `#/endpoints/${current().id}/edit`);
  part('test').addEventListener('click', () => {
    panel.node.scrollIntoView({ block: 'nearest' });
    panel.focus();
  });
  menu(part('more'), () => endpointMenu(current(), {
    disable: () => does('disable').catch(toastError),
    gone: () => go('#/endpoints'),
    replay: () => openReplay(current()),
  }));
  // The stream may have changed the state since the button was drawn.
  new MutationObserver(showToggle).observe(part('state'), { childList: true });
}

/** What stands behind ⋯, here and in the list. */
export function endpointMenu(now, { disable, gone, replay }) {
  const path = `/v1/endpoints/${now.id}`;
  return [
    { label: t('endpoint.duplicate'), icon: 'copy', href: `#/endpoints/new?from=${now.id}` },
    { label: t('endpoint.replay'), icon: 'replay', onselect: replay, changes: true },
    '-',
    { label: t('endpoint.copy.id'), onselect: () => copy(now.id) },
    { label: t('endpoint.copy.curl'), onselect: () => copy(apiCurl('GET', path)) },
    { label: t('endpoint.copy.cli'), onselect: () => copy(`ringhook endpoint show ${quoted(now.id)}`) },
    '-',
    now.state !== 'disabled' && { label: t('endpoint.disable'), icon: 'pause', onselect: disable, changes: true },
    { label: t('endpoint.delete'), icon: 'trash', danger: true, changes: true, onselect: () => remove(now).then((done) => done && gone()).catch(toastError) },
  ].filter(Boolean);
}
