// Titles of endpoints by id, read one by one as they are needed and kept for the visit: a list of events must not cost a
// read of all endpoints.

import { get, Problem } from './api.js';
import { t } from './i18n.js';

/** @type {Map<string, Promise<string>>} */
const asked = new Map();
/** @type {Map<string, string>} */
const titles = new Map();

/** Remembers what was read anyway. */
export function learn(/** @type {{id: string, title: string}} */ endpoint) {
  titles.set(endpoint.id, endpoint.title);
}

/** The title if it is known. */
export const knownTitle = (/** @type {string} */ id) => titles.get(id);

/** Its title; a word for one that was deleted. @returns {Promise<string>} */
export function titleOf(/** @type {string} */ id) {
  const title = titles.get(id);
  if (title !== undefined) return Promise.resolve(title);
  if (!asked.has(id)) asked.set(id, ask(id).finally(() => asked.delete(id)));
  return asked.get(id);
}

async function ask(id) {
  try {
    learn(await get(`/v1/endpoints/${id}`));
    return titles.get(id);
  } catch (error) {
    if (error instanceof Problem && error.status === 404) {
      titles.set(id, t('event.deleted'));
      return titles.get(id);
    }
    return id;
  }
}

/** Writes the title into an element, at once or when it has come. */
export function showTitle(/** @type {Element} */ node, /** @type {string} */ id) {
  const title = titles.get(id);
  node.textContent = title ?? '…';
  if (title === undefined) titleOf(id).then((found) => (node.textContent = found));
}
