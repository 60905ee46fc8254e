// The page's only way to build DOM: templates, slots, keyed lists. Text goes in as text nodes, never as
// HTML, so that nothing a receiver answered can become markup.

import { t } from './i18n.js';

const SVG = 'http://www.w3.org/2000/svg';

/**
 * A fresh copy of a `<template>`, in the current language.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function tpl(id) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(id));
  const copy = /** @type {HTMLElement} */ (document.importNode(template.content, true).firstElementChild);
  return translate(copy);
}

/**
 * Writes the words of the current language into `data-t` and `data-t-attr` of an element and all below it.
 * @template {Element|Document} T
 * @param {T} root
 * @returns {T}
 */
export function translate(root) {
  for (const node of within(root, '[data-t]')) node.textContent = t(node.dataset.t);
  for (const node of within(root, '[data-t-attr]')) {
    for (const pair of node.dataset.tAttr.split(';')) {
      const [name, key] = pair.split(':');
      node.setAttribute(name.trim(), t(key.trim()));
    }
  }
  return root;
}

/**
 * Fills the slots of an element: `data-bind="name"` takes text (or a node, or a list of nodes), `data-bind="name@attr"`
 * sets an attribute; several stand with a space between. A name that `values` does not have stays as it is.
 * @param {Element} root
 * @param {Record<string, any>} values
 * @returns {Element} the root
 */
export function bind(root, values) {
  for (const node of within(root, '[data-bind]')) {
    for (const slot of node.dataset.bind.split(/\s+/)) {
      const [name, attribute] = slot.split('@');
      if (!(name in values)) continue;
      if (attribute) setAttribute(node, attribute, values[name]);
      else fill(node, values[name]);
    }
  }
  return root;
}

/** The part of a template marked `data-slot="name"`. @returns {any} */
export function slot(/** @type {Element} */ root, /** @type {string} */ name) {
  return within(root, `[data-slot="${name}"]`)[0];
}

function within(root, selector) {
  const found = [...root.querySelectorAll(selector)];
  if (root instanceof Element && root.matches(selector)) found.unshift(root);
  return /** @type {HTMLElement[]} */ (found);
}

/** Replaces what an element holds by text, a node or a list of them; only touches what differs. */
export function fill(/** @type {Element} */ node, /** @type {any} */ value) {
  if (value instanceof Node) node.replaceChildren(value);
  else if (Array.isArray(value)) node.replaceChildren(...value.flat(9).filter((part) => part != null && part !== false));
  else {
    const text = value == null ? '' : String(value);
    if (node.textContent !== text) node.textContent = text;
  }
}

function setAttribute(node, name, value) {
  if (value == null || value === false) node.removeAttribute(name);
  else if (name === 'value' && 'value' in node) node.value = String(value);
  else if (name === 'checked') node.checked = Boolean(value);
  else node.setAttribute(name, value === true ? '' : name === 'href' ? safeHref(String(value)) : String(value));
}

/** A link to a scheme other than http(s) becomes a link to nowhere: URLs may come from a receiver. */
function safeHref(url) {
  return /^(#|\/|\.|https?:|blob:)/i.test(url) ? url : '#';
}

/**
 * Keeps the children of a container in step with a list, by key: nodes are kept, moved and removed rather than rebuilt,
 * so that focus, selection and open panels survive an update.
 * @template T
 * @param {Element} container
 * @param {T[]} items
 * @param {(item: T) => string} key
 * @param {(item: T) => Element} make
 * @param {(node: Element, item: T) => void} [update] called for new and for kept nodes
 */
export function list(container, items, key, make, update = () => {}) {
  const known = new Map();
  for (const child of [...container.children]) {
    if (KEYS.has(child)) known.set(KEYS.get(child), child);
    else child.remove();
  }
  let place = container.firstElementChild;
  for (const item of items) {
    const id = key(item);
    let node = known.get(id);
    known.delete(id);
    if (!node) KEYS.set((node = make(item)), id);
    update(node, item);
    if (node === place) place = place.nextElementSibling;
    else container.insertBefore(node, place);
  }
  for (const gone of known.values()) gone.remove();
}

/** @type {WeakMap<Element, string>} */
const KEYS = new WeakMap();

/**
 * Listens on a root for events of elements that match a selector, present or future.
 * @param {EventTarget} root
 * @param {string} type
 * @param {string} selector
 * @param {(event: any, target: any) => void} fn
 * @param {AddEventListenerOptions} [options] `{signal}` ends it
 */
export function on(root, type, selector, fn, options) {
  root.addEventListener(type, (event) => {
    const target = event.target instanceof Element ? event.target.closest(selector) : null;
    if (target && /** @type {Node} */ (root).contains(target)) fn(event, target);
  }, options);
}

/**
 * Builds an element. Attributes whose name starts with `on` take a listener; `null`, `undefined` and `false` leave one out.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...any} children text, nodes, lists of them; empty ones are left out
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  return build(document.createElement(tag), attributes, children);
}

/** As `h`, for SVG. @returns {any} */
export function s(tag, attributes = {}, ...children) {
  return build(document.createElementNS(SVG, tag), attributes, children);
}

function build(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else setAttribute(node, name, value);
  }
  for (const child of children.flat(9)) {
    if (child != null && child !== false && child !== '') node.append(child instanceof Node ? child : String(child));
  }
  return node;
}

/** An icon of the sprite in index.html: `icon('plus')`. */
export function icon(/** @type {string} */ name, className = 'icon') {
  return s('svg', { class: className, 'aria-hidden': 'true' }, s('use', { href: `#${className === 'shape' ? 's' : 'i'}-${name}` }));
}
