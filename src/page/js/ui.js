// The pieces all pages share: toasts, questions, menus, badges, words for problems.

import { Offline, Problem } from './api.js';
import { bind, h, icon, slot, tpl } from './dom.js';
import { has, t } from './i18n.js';

/**
 * A short message at the edge of the page. A bad one stays until it is closed.
 * @param {string} text
 * @param {'ok'|'bad'|'info'} [kind]
 */
export function toast(text, kind = 'ok') {
  const node = tpl('toast');
  node.classList.add(kind);
  slot(node, 'icon').setAttribute('href', { ok: '#i-check', bad: '#i-warning', info: '#i-info' }[kind]);
  bind(node, { text });
  const close = () => node.remove();
  slot(node, 'close').addEventListener('click', close);
  const region = document.getElementById('toasts');
  // A region in the top layer stays above an open dialog.
  if (region.showPopover && !region.matches(':popover-open')) {
    region.popover = 'manual';
    region.showPopover();
  }
  while (region.children.length > 3) region.firstElementChild.remove();
  region.append(node);
  if (kind === 'bad') return;
  let timer = setTimeout(close, 6000);
  node.addEventListener('pointerenter', () => clearTimeout(timer));
  node.addEventListener('pointerleave', () => (timer = setTimeout(close, 3000)));
}

/** Shows an error to the user in their language. An aborted request is nobody's business. */
export function toastError(/** @type {any} */ error) {
  if (error?.name !== 'AbortError') toast(problemText(error), 'bad');
}

/**
 * Asks before something is done. `body` is text or a node.
 * @param {{title: string, body?: any, action: string, danger?: boolean, cancel?: string}} question
 * @returns {Promise<boolean>}
 */
export function confirm({ title, body = '', action, danger = false, cancel }) {
  const node = /** @type {HTMLDialogElement} */ (tpl('confirm'));
  bind(node, { title, body: typeof body === 'string' ? h('p', {}, body) : body, action });
  const button = slot(node, 'action');
  if (danger) button.classList.replace('primary', 'danger');
  if (cancel) slot(node, 'cancel').textContent = cancel;
  return openDialog(node).then((answer) => answer === 'yes');
}

/**
 * Opens a `<dialog>` as a modal, gives focus back to where it was, and removes it when it closes.
 * @param {HTMLDialogElement} node
 * @returns {Promise<string>} the dialog's `returnValue`, empty when it was cancelled
 */
export function openDialog(node) {
  const before = /** @type {HTMLElement|null} */ (document.activeElement);
  const title = node.querySelector('h2');
  if (title && !node.hasAttribute('aria-labelledby')) {
    title.id ||= newId();
    node.setAttribute('aria-labelledby', title.id);
  }
  document.body.append(node);
  node.showModal();
  return new Promise((done) => {
    node.addEventListener('close', () => {
      node.remove();
      if (before?.isConnected) before.focus();
      done(node.returnValue);
    }, { once: true });
  });
}

/**
 * Opens a menu at a button; call it once, it listens to the button.
 * @param {HTMLElement} button
 * @param {MenuItem[] | (() => MenuItem[])} items what the menu holds, asked each time it opens; `'-'` is a line
 * @typedef {'-' | {label: string, icon?: string, onselect?: () => void, href?: string, danger?: boolean, disabled?: boolean, checked?: boolean, changes?: boolean}} MenuItem
 */
export function menu(button, items) {
  button.setAttribute('aria-haspopup', 'menu');
  button.setAttribute('aria-expanded', 'false');
  button.addEventListener('click', () => openMenu(button, typeof items === 'function' ? items() : items));
}

function openMenu(button, items) {
  const node = h('div', { class: 'menu', role: 'menu', popover: 'auto' }, items.map(menuItem));
  const label = button.getAttribute('aria-label') ?? button.textContent;
  node.setAttribute('aria-label', label.trim());
  // Inside an open dialog the menu must be part of it: what lies outside a modal is inert. Elsewhere it belongs to the
  // landmark of its button.
  (button.closest('dialog, header, main') ?? document.body).append(node);
  node.showPopover();
  place(node, button);
  const choices = /** @type {HTMLElement[]} */ ([...node.querySelectorAll('[role^=menuitem]:not([aria-disabled])')]);
  button.setAttribute('aria-expanded', 'true');
  choices[0]?.focus();
  node.addEventListener('keydown', (event) => moveInMenu(event, choices, node, button));
  node.addEventListener('click', (event) => {
    if (event.target instanceof Element && event.target.closest('[role^=menuitem]:not([aria-disabled])')) node.hidePopover();
  });
  node.addEventListener('toggle', (event) => {
    if (/** @type {any} */ (event).newState !== 'closed') return;
    button.setAttribute('aria-expanded', 'false');
    if (node.contains(document.activeElement) || document.activeElement === document.body) button.focus();
    node.remove();
  });
  addEventListener('scroll', () => node.isConnected && node.hidePopover(), { once: true, passive: true });
}

function menuItem(item) {
  if (item === '-') return h('hr', { role: 'separator' });
  const role = item.checked === undefined ? 'menuitem' : 'menuitemradio';
  const attributes = {
    role, tabindex: '-1', class: `menu-item${item.danger ? ' danger' : ''}`,
    'aria-disabled': item.disabled ? 'true' : null,
    'aria-checked': item.checked === undefined ? null : String(item.checked),
    'data-changes': item.changes,
  };
  const mark = item.checked === undefined ? item.icon : item.checked ? 'check' : null;
  const inner = [mark ? icon(mark) : h('span', { class: 'icon' }), h('span', {}, item.label)];
  if (item.href) return h('a', { ...attributes, href: item.href }, inner);
  return h('button', { ...attributes, type: 'button', onclick: () => item.disabled || item.onselect?.() }, inner);
}

function moveInMenu(event, choices, node, button) {
  const at = choices.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: choices.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    choices[(to + choices.length) % choices.length]?.focus();
  } else if (event.key === 'Tab') {
    node.hidePopover();
    button.focus();
  } else if (event.key.length === 1 && event.key !== ' ') {
    const letter = event.key.toLowerCase();
    const after = [...choices.slice(at + 1), ...choices.slice(0, at + 1)];
    after.find((choice) => choice.textContent.trim().toLowerCase().startsWith(letter))?.focus();
  }
}

/** Below the button where there is room, else above; never outside the window. */
function place(node, button) {
  const anchor = button.getBoundingClientRect();
  const box = node.getBoundingClientRect();
  const left = Math.max(8, Math.min(anchor.right - box.width, innerWidth - box.width - 8));
  const below = anchor.bottom + 4;
  const top = below + box.height > innerHeight - 8 && anchor.top > box.height + 12 ? anchor.top - box.height - 4 : below;
  node.style.left = `${left}px`;
  node.style.top = `${top}px`;
}

let spoken = 0;
let pending = 0;

/** Says something to a screen reader when it has a moment; the last of several within two seconds is said. */
export function announce(/** @type {string} */ text) {
  clearTimeout(pending);
  pending = window.setTimeout(() => {
    spoken = Date.now();
    document.getElementById('announcer').textContent = text;
  }, Math.max(60, spoken + 2000 - Date.now()));
}

/** Says at once that what the user has just asked for went wrong. */
export function alarm(/** @type {string} */ text) {
  const node = document.getElementById('alarm');
  node.textContent = '';
  requestAnimationFrame(() => (node.textContent = text));
}

/** Copies text and says so. On a plain-HTTP address browsers offer only the old way. */
export async function copy(/** @type {string} */ text, said = t('ui.copied')) {
  try {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else copyByHand(text);
    toast(said, 'ok');
  } catch {
    toast(t('ui.copyFailed'), 'bad');
  }
}

function copyByHand(text) {
  const area = h('textarea', { class: 'hidden-text', readonly: true });
  area.value = text;
  const host = document.querySelector('dialog[open]') ?? document.body;
  const before = /** @type {HTMLElement|null} */ (document.activeElement);
  host.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  before?.focus();
  if (!done) throw new Error('the browser refused to copy');
}

/** What each state looks like: a shape and a colour beside the word. */
const LOOKS = {
  active: ['dot', 'ok'], failing: ['triangle', 'bad'], paused: ['square', 'warn'], disabled: ['ring', 'muted'],
  delivered: ['dot', 'ok'], waiting: ['half', 'warn'], in_flight: ['half', 'accent'], failed: ['triangle', 'bad'],
  expired: ['cross', 'muted'], superseded: ['dash', 'muted'], cancelled: ['cross', 'muted'], unmatched: ['dash', 'muted'],
  retry: ['triangle', 'warn'], test: ['ring', 'accent'], running: ['half', 'accent'], done: ['dot', 'ok'], stopped: ['square', 'muted'],
};

/** A state as word, shape and colour: of an endpoint, a delivery, an attempt's outcome, a replay. */
export function stateBadge(/** @type {string} */ state) {
  const [shape, colour] = LOOKS[state] ?? ['dash', 'muted'];
  return h('span', { class: `badge ${colour}` }, icon(shape, 'shape'), t(`state.${state}`));
}

/** A badge with words of one's own. */
export function badge(/** @type {string} */ text, colour = 'muted', shape = '') {
  return h('span', { class: `badge ${colour}` }, shape && icon(shape, 'shape'), text);
}

/**
 * Marks a button as busy until the work is over; a second press meanwhile does nothing.
 * @template T
 * @param {HTMLButtonElement} button
 * @param {Promise<T>} work
 * @returns {Promise<T>}
 */
export function busy(button, work) {
  button.setAttribute('aria-busy', 'true');
  button.setAttribute('aria-disabled', 'true');
  return work.finally(() => {
    button.removeAttribute('aria-busy');
    button.removeAttribute('aria-disabled');
  });
}

/** What went wrong, in the user's language where the catalogue knows the code. */
export function problemText(/** @type {any} */ error) {
  if (error instanceof Offline) return t('problem.offline');
  if (!(error instanceof Problem)) return t('problem.page', { message: String(error?.message ?? error) });
  const key = `problem.${error.code}`;
  const words = has(key) ? t(key) : error.detail || error.title || `HTTP ${error.status}`;
  const rest = error.errors.map((one) => one.message).filter(Boolean);
  return has(key) && rest.length === 1 ? `${words} ${rest[0]}` : words;
}

/** An error inside the page, with its code as a link to what it means and a way to try again. */
export function problemBox(/** @type {any} */ error, /** @type {(() => void)|undefined} */ again) {
  const code = error instanceof Problem ? error.code : undefined;
  return h('div', { class: 'notice bad', role: 'alert' },
    icon('warning'),
    h('div', { class: 'notice-text' },
      h('p', {}, problemText(error)),
      code && h('p', { class: 'small' }, h('a', { href: `#/errors/${code}` }, code))),
    again && h('button', { class: 'btn small', type: 'button', onclick: again }, t('ui.again')));
}

/** An empty state: what is not there, why that is fine, what to do. */
export function emptyState({ title, text = '', actions = [] }) {
  return h('div', { class: 'empty' }, h('h2', {}, title), text && h('p', {}, text), actions.length > 0 && h('div', { class: 'empty-act' }, actions));
}

/** A box of code with a button that copies it. */
export function codeBox(/** @type {string} */ text, { label = t('ui.copy'), wrap = true } = {}) {
  const pre = h('pre', { class: `code${wrap ? ' wrap' : ''}`, tabindex: '0' }, text);
  return h('div', { class: 'code-box' }, pre, copyButton(() => text, label));
}

/** A small button that copies what `text()` gives. */
export function copyButton(/** @type {() => string} */ text, label = t('ui.copy')) {
  return h('button', { class: 'icon-btn small', type: 'button', 'aria-label': label, title: label, onclick: () => copy(text()) }, icon('copy'));
}

let ids = 0;

/** An id for an element that a label or description points to. */
export function newId(prefix = 'x') {
  ids += 1;
  return `${prefix}-${ids}`;
}

/**
 * Makes tabs of a `role=tablist` whose buttons name their panels by `aria-controls`: one tab stop, arrows move.
 * @param {Element} tablist
 * @param {(panel: string) => void} [changed]
 * @returns {(panel: string) => void} selects a tab
 */
export function tabs(tablist, changed = () => {}) {
  const buttons = /** @type {HTMLElement[]} */ ([...tablist.querySelectorAll('[role=tab]')]);
  const select = (id, focus = false) => {
    for (const button of buttons) {
      const mine = button.getAttribute('aria-controls') === id;
      button.setAttribute('aria-selected', String(mine));
      button.tabIndex = mine ? 0 : -1;
      const panel = (tablist.parentElement ?? document).querySelector(`#${CSS.escape(button.getAttribute('aria-controls'))}`);
      panel?.toggleAttribute('hidden', !mine);
      if (mine && focus) button.focus();
    }
  };
  tablist.addEventListener('click', (event) => {
    const button = event.target instanceof Element ? event.target.closest('[role=tab]') : null;
    if (button) select(button.getAttribute('aria-controls')), changed(button.getAttribute('aria-controls'));
  });
  tablist.addEventListener('keydown', (/** @type {any} */ event) => {
    const at = buttons.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    const id = buttons[(to + buttons.length) % buttons.length].getAttribute('aria-controls');
    select(id, true);
    changed(id);
  });
  const first = buttons.find((button) => button.getAttribute('aria-selected') === 'true') ?? buttons[0];
  if (first) select(first.getAttribute('aria-controls'));
  return select;
}

/** Grey bars in the place of what is being loaded. */
export function skeleton(lines = 3) {
  return h('div', { class: 'skeleton', 'aria-hidden': 'true' }, Array.from({ length: lines }, () => h('div', {})));
}

/** Waits until nothing came for `ms`, then calls with the last arguments. */
export function debounce(/** @type {(...args: any[]) => void} */ fn, /** @type {number} */ ms) {
  let timer = 0;
  return (/** @type {any[]} */ ...args) => {
    clearTimeout(timer);
    timer = window.setTimeout(() => fn(...args), ms);
  };
}
