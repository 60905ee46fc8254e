// What happens on the server, as it happens: one stream for all tabs of a browser. Browsers allow six connections to a
// host, so one tab leads (Web Locks), holds the stream and tells the others (BroadcastChannel).

import { get, Offline, Problem, reached, server } from './api.js';
import { saved, signal } from './store.js';

const NAMES = ['attempt', 'event', 'endpoint', 'stats'];
const FAILURES_BEFORE_POLLING = 3;
const POLL_MS = 10_000;
// The server sends a heartbeat each 15 s; silence of three of them means that the connection is gone.
const SILENCE_MS = 50_000;
const RETRY_MS = 5000;

/** @type {Map<string, Set<(data: any) => void>>} */
const listeners = new Map();
/** @type {BroadcastChannel|null} */
let channel = null;
/** @type {EventSource|null} */
let source = null;
let failures = 0;
let leading = false;
let heardAt = 0;
let timer = 0;
let retryAt = 0;

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
  if ('BroadcastChannel' in window) {
    channel = new BroadcastChannel('ringhook-live');
    channel.onmessage = ({ data }) => hear(data.name, data.data);
  }
  if (navigator.locks) navigator.locks.request('ringhook-live', () => new Promise(lead));
  else lead();
  setInterval(watch, 5000);
}

/** Leads until the tab is closed: the lock's promise never resolves. */
function lead() {
  leading = true;
  connect();
}

function connect() {
  clearTimeout(timer);
  live.retryAt.value = 0;
  source?.close();
  source = new EventSource('/v1/stream');
  source.onopen = () => {
    const gap = failures > 0 || heardAt > 0;
    failures = 0;
    spread('open', null);
    if (gap) spread('refresh', null);
  };
  source.onerror = lost;
  // Heartbeats are comments, which EventSource does not show: `stats`, at most one a second, is the pulse we see.
  for (const name of NAMES) source.addEventListener(name, (event) => spread(name, read(event)));
}

function read(event) {
  try {
    return JSON.parse(event.data);
  } catch {
    return null;
  }
}

async function lost() {
  source?.close();
  source = null;
  failures += 1;
  const polling = failures >= FAILURES_BEFORE_POLLING;
  const wait = polling ? POLL_MS : RETRY_MS;
  timer = setTimeout(connect, wait);
  retryAt = Date.now() + wait;
  live.retryAt.value = retryAt;
  // The stream says only that it ended; a plain request says why, and asks for a sign-in where that is the reason.
  try {
    await get('/v1/status');
    if (polling) spread('open', null), spread('refresh', null);
  } catch (error) {
    if (error instanceof Offline) spread('lost', retryAt);
    else if (!(error instanceof Problem)) throw error;
  }
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

/** A request that failed elsewhere in the page is news too; so is a stream that fell silent. */
function watch() {
  if (!server.reachable.peek() && live.state.peek() === 'live') live.state.value = 'offline';
  if (leading && source && source.readyState === EventSource.OPEN && heardAt && Date.now() - heardAt > SILENCE_MS) connect();
}

// Coming back to a tab after a night: do not wait for the timer.
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && leading && !source && retryAt > Date.now()) connect();
});
