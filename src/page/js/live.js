// What happens on the server, as it happens: one stream for all tabs of a browser. Browsers allow six connections to a
// host, so one tab leads (Web Locks), holds the stream and tells the others (BroadcastChannel).

import { get, Offline, reached, server } from './api.js';
import { saved, signal } from './store.js';

const NAMES = ['attempt', 'event', 'endpoint', 'stats'];
const FAILURES_BEFORE_POLLING = 3;
const POLL_MS = 10_000;
// The server asks browsers to come again after 3 s, and they do so by themselves where they can.
const AGAIN_MS = 3000;
// Heartbeats are comments, which EventSource does not show: after a minute without news a plain request asks whether
// the server is there.
const SILENCE_MS = 60_000;
const WATCH_MS = 5000;

/** @type {Map<string, Set<(data: any) => void>>} */
const listeners = new Map();
/** @type {BroadcastChannel|null} */
let channel = null;
/** @type {EventSource|null} */
let source = null;
let failures = 0;
let leading = false;
let isStarted = false;
let heardAt = 0;
let timer = 0;
let polledAt = 0;
let watchedAt = Date.now();

export const live = {
  /** @type {{value: 'live'|'offline'|'paused', peek: () => string}} */
  state: signal(saved.get('paused') ? 'paused' : 'offline'),
  /** How many news came while paused. */
  missed: signal(0),
  /** When the next connect is tried, for the words of the offline state; 0: not waiting. */
  retryAt: signal(0),

  /**
   * `attempt`, `event`, `endpoint`, `stats` come with their data; `refresh` says that news may have been missed and what is
   * shown should be read again: after a gap, after a pause, and every ten seconds where there is no stream.
   * @param {'attempt'|'event'|'endpoint'|'stats'|'refresh'} name
   * @param {(data: any) => void} fn
   * @param {AbortSignal} [until]
   * @returns {() => void} stops listening
   */
  on(name, fn, until) {
    if (!listeners.has(name)) listeners.set(name, new Set());
    listeners.get(name).add(fn);
    const stop = () => listeners.get(name).delete(fn);
    until?.addEventListener('abort', stop, { once: true });
    return stop;
  },

  pause() {
    saved.set('paused', '1');
    live.missed.value = 0;
    live.state.value = 'paused';
  },

  resume() {
    saved.set('paused', null);
    live.state.value = server.reachable.peek() ? 'live' : 'offline';
    tell('refresh', null);
  },

  start,
};

function start() {
  if (isStarted) return;
  isStarted = true;
  if ('BroadcastChannel' in window) {
    channel = new BroadcastChannel('ringhook-live');
    channel.onmessage = ({ data }) => hear(data.name, data.data);
  }
  if (navigator.locks) navigator.locks.request('ringhook-live', () => new Promise(lead));
  else lead();
  setInterval(watch, WATCH_MS);
}

/** Leads until the tab is closed: the lock's promise never resolves. */
function lead() {
  leading = true;
  connect();
}

function connect() {
  clearTimeout(timer);
  source?.close();
  const isFirst = !source;
  source = new EventSource('/v1/stream');
  source.onopen = () => {
    failures = 0;
    spread('open', null);
  };
  source.onerror = lost;
  for (const name of NAMES) source.addEventListener(name, (event) => spread(name, read(event)));
  // The server no longer has what came in between.
  source.addEventListener('reset', () => spread('refresh', null));
  // A new EventSource does not know where the one before it stood.
  if (!isFirst) source.addEventListener('open', () => spread('refresh', null), { once: true });
}

function read(event) {
  try {
    return JSON.parse(event.data);
  } catch {
    return null;
  }
}

/** The browser comes again by itself, from where it stood, unless it was refused. */
async function lost() {
  failures += 1;
  const isRefused = source.readyState === EventSource.CLOSED;
  const polls = failures >= FAILURES_BEFORE_POLLING;
  const wait = isRefused ? POLL_MS : AGAIN_MS;
  if (isRefused) timer = window.setTimeout(connect, wait);
  // The stream says only that it ended; a plain request says why, and asks for a sign-in where that is the reason.
  if (await isThere()) {
    if (polls && Date.now() - polledAt >= POLL_MS) {
      polledAt = Date.now();
      spread('refresh', null);
    }
  } else spread('lost', Date.now() + wait);
}

async function isThere() {
  try {
    await get('/v1/status');
  } catch (error) {
    return !(error instanceof Offline);
  }
  return true;
}

/** Tells this tab and, as leader, the others. */
function spread(name, data) {
  hear(name, data);
  channel?.postMessage({ name, data });
}

function hear(name, data) {
  if (name === 'lost') {
    live.retryAt.value = data;
    server.reachable.value = false;
    if (live.state.peek() !== 'paused') live.state.value = 'offline';
    return;
  }
  heardAt = Date.now();
  live.retryAt.value = 0;
  reached();
  if (live.state.peek() === 'paused') {
    if (name === 'event' || name === 'attempt') live.missed.value = live.missed.peek() + 1;
    return;
  }
  live.state.value = 'live';
  if (name !== 'open') tell(name, data);
}

function tell(name, data) {
  for (const fn of [...(listeners.get(name) ?? [])]) fn(data);
}

/** A request that failed elsewhere in the page is news too; so are a long silence, and a computer that slept. */
async function watch() {
  const slept = Date.now() - watchedAt > 6 * WATCH_MS;
  watchedAt = Date.now();
  if (!server.reachable.peek() && live.state.peek() === 'live') live.state.value = 'offline';
  if (!leading) return;
  if (slept) connect();
  else if (Date.now() - heardAt > SILENCE_MS) spread((await isThere()) ? 'open' : 'lost', Date.now() + WATCH_MS);
}
