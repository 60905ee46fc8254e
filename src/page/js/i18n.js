// The words of the page in two languages: flat catalogues with the same keys.

import { saved } from './store.js';

/** @type {Record<string, Record<string, string>>} */
const catalogues = {};
/** @type {Set<() => void>} */
const listeners = new Set();
let current = 'en';
let locale = 'en-GB';
let plurals = new Intl.PluralRules(locale);

export const LANGUAGES = ['en', 'fr'];

/** The language of the page: `en` or `fr`. */
export function language() {
  return current;
}

/** The locale for numbers and dates: the user's own variant of the language where the browser names one. */
export function localeOf() {
  return locale;
}

/**
 * The words of a key. `{name}` takes a parameter; with `params.count` the key's `.one` or `.other` form is taken.
 * @param {string} key
 * @param {Record<string, any>} [params]
 * @returns {string}
 */
export function t(key, params) {
  const words = lookUp(key, params?.count);
  if (words === undefined) return key;
  return params ? fillIn(words, params) : words;
}

/** Whether the catalogue has this key. */
export function has(/** @type {string} */ key) {
  return lookUp(key, undefined) !== undefined;
}

/** All keys with this beginning. */
export const keys = (/** @type {string} */ prefix) => Object.keys(catalogues[current] ?? {}).filter((key) => key.startsWith(prefix));

function lookUp(key, count) {
  const words = catalogues[current] ?? {};
  if (count === undefined) return words[key];
  return words[`${key}.${plurals.select(Number(count))}`] ?? words[`${key}.other`] ?? words[key];
}

/**
 * Puts parameters in; a number is written as the language writes numbers.
 * @param {string} words
 * @param {Record<string, any>} params
 */
export function fillIn(words, params) {
  return words.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = params[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? value.toLocaleString(locale) : String(value);
  });
}

/**
 * The first of the wished languages that the page speaks.
 * @param {readonly string[]} wished as `navigator.languages`
 */
export function choose(wished) {
  for (const tag of wished) {
    const short = tag.slice(0, 2).toLowerCase();
    if (LANGUAGES.includes(short)) return short;
  }
  return 'en';
}

/**
 * Chooses the language at the start: the user's own choice, the server's setting, the browser's list.
 * @param {string} [server] `en`, `fr` or `auto`
 */
export async function startLanguage(server = 'auto') {
  const own = saved.get('language');
  const wished = [own, server === 'auto' ? null : server, ...navigator.languages].filter((tag) => tag != null);
  await use(choose(/** @type {string[]} */ (wished)));
}

/** Changes the language and remembers it in this browser. */
export async function setLanguage(/** @type {string} */ next) {
  saved.set('language', next);
  await use(next);
  for (const fn of listeners) fn();
}

/** Calls back after every change of language; returns how to stop that. */
export function onLanguage(/** @type {() => void} */ fn) {
  listeners.add(fn);
  return () => listeners.delete(fn);
}

async function use(next) {
  catalogues[next] ??= await load(next);
  adopt(next, catalogues[next], typeof navigator === 'undefined' ? [] : navigator.languages);
  document.documentElement.lang = next;
}

/** Takes a catalogue into use; apart from `use` so that it can be tested without a browser. */
export function adopt(next, words, wished = []) {
  catalogues[next] = words;
  current = next;
  locale = wished.find((tag) => tag.toLowerCase().startsWith(`${next}-`)) ?? { en: 'en-GB', fr: 'fr-FR' }[next];
  plurals = new Intl.PluralRules(locale);
}

/** The address stands in index.html, where the build gives it the name of its content. */
async function load(next) {
  const link = /** @type {HTMLLinkElement} */ (document.querySelector(`link[rel=alternate][hreflang=${next}]`));
  const answer = await fetch(link.href);
  if (!answer.ok) throw new Error(`the words for ${next} could not be loaded: ${answer.status}`);
  return answer.json();
}
