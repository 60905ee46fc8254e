// Addresses: every state of the page stands in the hash, `#/endpoints/ep_1?tab=body`, so that it can be shared.

import { signal } from './store.js';
import { t } from './i18n.js';

/**
 * @typedef {Record<string, string>} Params
 * @typedef {{
 *   title: (params: Params) => string,
 *   mount: (main: HTMLElement, params: Params, query: Params, context: {signal: AbortSignal}) => any,
 *   update?: (query: Params) => void,
 *   leave?: () => Promise<boolean>,
 *   bare?: boolean,
 * }} Page
 * `mount` may be async and may return a function that is called when the page goes; `update` is told when only the
 * query of the address changed (a page without it is mounted anew); `leave` may refuse to go; a `bare` page stands
 * without the header, for those who are not signed in.
 */

/** @type {{pattern: string, page: Page}[]} */
const routes = [];
/** @type {null | {page: Page, params: Params, path: string, hash: string, abort: AbortController, unmount?: () => void}} */
let shown = null;
/** @type {HTMLElement} */
let main;
/** @type {(error: any, main: HTMLElement) => void} */
let onFailure;
/** @type {Page} */
let missing;
/** @type {() => Page|null} */
let gate = () => null;
let silent = false;

/** The path that is shown, for the navigation. */
export const path = signal('');

/** Adds a page: `route('#/endpoints/:id', page)`. */
export function route(/** @type {string} */ pattern, /** @type {Page} */ page) {
  routes.push({ pattern: pattern.replace(/^#/, ''), page });
}

/**
 * `#/events?state=failed` → `{path: '/events', query: {state: 'failed'}}`.
 * @returns {{path: string, query: Params}}
 */
export function parse(/** @type {string} */ hash) {
  const [before, after = ''] = splitOnce(hash.replace(/^#/, ''), '?');
  const path = `/${before.split('/').filter(Boolean).join('/')}`;
  return { path, query: Object.fromEntries(new URLSearchParams(after)) };
}

function splitOnce(text, mark) {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/**
 * The parameters of a path under a pattern, or null where it does not fit.
 * @returns {Params|null}
 */
export function match(/** @type {string} */ pattern, /** @type {string} */ path) {
  const wanted = pattern.split('/').filter(Boolean);
  const given = path.split('/').filter(Boolean);
  if (wanted.length !== given.length) return null;
  const params = {};
  for (const [index, part] of wanted.entries()) {
    if (part.startsWith(':')) params[part.slice(1)] = decode(given[index]);
    else if (part !== given[index]) return null;
  }
  return params;
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** An address from a path and a query; empty values are left out. */
export function address(/** @type {string} */ path, /** @type {Record<string, any>} */ query = {}) {
  const pairs = Object.entries(query).filter(([, value]) => value != null && value !== '' && value !== false);
  const tail = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString();
  return `#${path}${tail ? `?${tail}` : ''}`;
}

/** Goes to an address, as a click on a link would. */
export function go(/** @type {string} */ hash) {
  location.hash = hash;
}

/** Merges into the query of the shown address without a new step in the browser's history; null removes. */
export function replaceQuery(/** @type {Record<string, any>} */ change) {
  const { path, query } = parse(location.hash);
  const hash = address(path, { ...query, ...change });
  history.replaceState(null, '', hash);
  if (shown) shown.hash = hash;
}

/** Sets the title of the window: what is shown first, the product last. */
export function setTitle(/** @type {string} */ text) {
  document.title = text ? `${text} – ringhook` : 'ringhook';
}

/** Shows the current page from anew: after a change of language, after a sign-in. */
export async function reload(focus = false) {
  if (await mayLeave()) await show(focus);
}

/**
 * Begins to follow the address.
 * @param {HTMLElement} into
 * @param {{missing: Page, failed: (error: any, main: HTMLElement) => void, gate?: () => Page|null}} otherwise what is shown where
 *   no page fits, or one failed, or the gate says that another one comes first
 */
export function start(into, otherwise) {
  main = into;
  missing = otherwise.missing;
  onFailure = otherwise.failed;
  gate = otherwise.gate ?? gate;
  addEventListener('hashchange', follow);
  return show(false);
}

async function follow() {
  if (silent) {
    silent = false;
    return;
  }
  const { path: next, query } = parse(location.hash);
  if (shown && shown.path === next && shown.page.update) {
    shown.hash = location.hash;
    shown.page.update(query);
    return;
  }
  const wished = location.hash;
  if (!(await mayLeave())) {
    silent = true;
    location.hash = shown.hash;
    return;
  }
  // The question took its time: the address may have moved on.
  if (location.hash === wished) await show(true);
}

async function mayLeave() {
  return !shown?.page.leave || (await shown.page.leave());
}

async function show(focus) {
  const { path: next, query } = parse(location.hash);
  const { page, params } = find(next);
  shown?.abort.abort();
  shown?.unmount?.();
  const abort = new AbortController();
  const mine = (shown = { page, params, path: next, hash: location.hash, abort });
  path.value = next;
  document.documentElement.toggleAttribute('data-bare', Boolean(page.bare));
  main.replaceChildren();
  if (focus) scrollTo(0, 0);
  setTitle(page.title(params));
  try {
    const mounting = page.mount(main, params, query, { signal: abort.signal });
    const early = focus && focusHeading();
    const unmount = await mounting;
    if (shown !== mine) return void (typeof unmount === 'function' && unmount());
    if (typeof unmount === 'function') mine.unmount = unmount;
    if (focus && !early) focusHeading();
  } catch (error) {
    if (abort.signal.aborted) return;
    onFailure(error, main);
    if (focus) focusHeading();
  }
}

function find(next) {
  const first = gate();
  if (first) return { page: first, params: {} };
  for (const { pattern, page } of routes) {
    const params = match(pattern, next);
    if (params) return { page, params };
  }
  return { page: missing, params: { path: next } };
}

/** A new page is read from its heading on. */
function focusHeading() {
  const heading = main.querySelector('h1');
  if (!heading) return false;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  return true;
}

/** A trail of links above a heading: `[[t('nav.endpoints'), '#/endpoints'], ['CRM']]`. */
export function trail(/** @type {[string, string?][]} */ steps) {
  const nav = document.createElement('nav');
  nav.className = 'crumbs';
  nav.setAttribute('aria-label', t('shell.trail'));
  const list = nav.appendChild(document.createElement('ol'));
  for (const [text, href] of steps) {
    const item = list.appendChild(document.createElement('li'));
    const inner = item.appendChild(document.createElement(href ? 'a' : 'span'));
    inner.textContent = text;
    if (href) inner.setAttribute('href', href);
    else inner.setAttribute('aria-current', 'page');
  }
  return nav;
}
