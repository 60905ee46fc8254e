// The one door to the server: JSON in and out, problems as exceptions, the session's end noticed.

import { signal } from './store.js';

/** What the server refused, as RFC 9457 puts it. */
export class Problem extends Error {
  /** @param {number} status @param {any} body */
  constructor(status, body) {
    super(body?.detail ?? body?.title ?? `HTTP ${status}`);
    this.name = 'Problem';
    this.status = status;
    this.code = /** @type {string|undefined} */ (body?.code);
    this.title = /** @type {string} */ (body?.title ?? '');
    this.detail = /** @type {string} */ (body?.detail ?? '');
    this.errors = /** @type {{field: string, code: string, message: string, offset?: number}[]} */ (body?.errors ?? []);
    this.retryAfter = /** @type {number|null} */ (null);
  }
}

/** The server could not be reached at all. */
export class Offline extends Error {
  constructor() {
    super('offline');
    this.name = 'Offline';
  }
}

/** What is known of the server: whether the last request reached it, when one last did, and whether we are signed in. */
export const server = {
  reachable: signal(true),
  lastAt: signal(Date.now()),
  /** @type {{value: 'unknown'|'in'|'out', peek: () => string}} */
  session: signal('unknown'),
  /** What the session may do: `admin`, or `read` for a token that may only look. */
  role: signal('admin'),
  /** The last refusal for a reason that concerns the whole page: `disk` (507) or `stopping` (503). */
  trouble: signal(/** @type {null|'disk'|'stopping'} */ (null)),
};

// A session that is too old for secrets: the answer says so, a new sign-in helps.
const STALE = 'RH-0308';

/** @type {null | ((why: 'ended'|'stale') => Promise<boolean>)} */
let askSignIn = null;
/** @type {null | Promise<boolean>} */
let asking = null;

/** Says how to ask for a new sign-in when the session ends in the middle, or is too old for secrets; set once at the start. */
export function onSessionEnd(/** @type {(why: 'ended'|'stale') => Promise<boolean>} */ fn) {
  askSignIn = fn;
}

/**
 * @typedef {{signal?: AbortSignal, query?: Record<string, any>, quiet?: boolean, headers?: Record<string, string>, as?: 'text'}} Options
 * A body that is a string is sent as it stands, and `as: 'text'` gives the answer as it came: numbers and escapes of a
 * producer's data stay what they are.
 */

/** @returns {Promise<any>} */
export const get = (/** @type {string} */ path, /** @type {Options} */ options = {}) => request('GET', path, undefined, options);
/** @returns {Promise<any>} */
export const post = (/** @type {string} */ path, /** @type {any} */ body, /** @type {Options} */ options = {}) => request('POST', path, body, options);
/** @returns {Promise<any>} */
export const patch = (/** @type {string} */ path, /** @type {any} */ body, /** @type {Options} */ options = {}) => request('PATCH', path, body, options);
/** @returns {Promise<any>} */
export const del = (/** @type {string} */ path, /** @type {Options} */ options = {}) => request('DELETE', path, undefined, options);

/**
 * Reads a list page by page until it ends or `max` items are there.
 * @returns {Promise<any[]>}
 */
export async function all(/** @type {string} */ path, /** @type {Options} */ options = {}, max = 1000) {
  const items = [];
  let cursor = null;
  do {
    const query = { limit: 500, ...options.query, cursor };
    const page = await get(path, { ...options, query });
    items.push(...page.items);
    cursor = page.next;
  } while (cursor && items.length < max);
  return items;
}

async function request(method, path, body, options) {
  const answer = await send(method, path, body, options);
  const why = options.quiet || server.session.peek() !== 'in' ? null : await signInNeeded(answer);
  if (why) {
    asking ??= (askSignIn?.(why) ?? Promise.resolve(false)).finally(() => (asking = null));
    if (await asking) return unpack(await send(method, path, body, options), options.as);
  }
  return unpack(answer, options.as);
}

async function signInNeeded(answer) {
  if (answer.status === 401) return 'ended';
  if (answer.status !== 403) return null;
  const body = await answer.clone().json().catch(() => null);
  return body?.code === STALE ? 'stale' : null;
}

async function send(method, path, body, options) {
  const headers = { Accept: 'application/json', ...options.headers };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  try {
    const answer = await fetch(withQuery(path, options.query), {
      method, headers, body: typeof body === 'string' ? body : JSON.stringify(body),
      signal: options.signal, credentials: 'same-origin', cache: 'no-store', redirect: 'error',
    });
    reached();
    return answer;
  } catch (error) {
    if (options.signal?.aborted) throw error;
    server.reachable.value = false;
    throw new Offline();
  }
}

/** Something came from the server: it is there. */
export function reached() {
  server.lastAt.value = Date.now();
  server.reachable.value = true;
}

/** Query parameters that are null, undefined or empty are left out. */
export function withQuery(/** @type {string} */ path, /** @type {Record<string, any>|undefined} */ query) {
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value != null && value !== '');
  if (!pairs.length) return path;
  return `${path}?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]))}`;
}

async function unpack(answer, as) {
  const type = answer.headers.get('content-type') ?? '';
  let body = null;
  try {
    if (as === 'text' && answer.ok) return await answer.text();
    if (/json/.test(type)) body = await answer.json();
  } catch (error) {
    // Cut in the middle of the answer: as good as none.
    if (error instanceof DOMException) throw error;
    throw new Offline();
  }
  if (answer.ok) {
    return body;
  }
  const problem = new Problem(answer.status, body);
  const wait = Number(answer.headers.get('retry-after'));
  problem.retryAfter = Number.isFinite(wait) && wait > 0 ? wait : null;
  if (answer.status === 507) server.trouble.value = 'disk';
  else if (problem.code === 'RH-0352') server.trouble.value = 'stopping';
  throw problem;
}
