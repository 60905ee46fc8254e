// The event types with their labels and samples: the built-in ones from the server, notices and own types beside them.

import { get } from './api.js';
import { has, language, t } from './i18n.js';

/** What ringhook tells of endpoints themselves; subscribed to by name only. */
export const NOTICES = ['endpoint:failing', 'endpoint:paused', 'endpoint:resumed'];

/** @type {{code: string, label: Record<string, string>, sample: any}[]} */
let known = [];

/** Reads them once per visit. @returns {Promise<typeof known>} */
export async function loadTypes(/** @type {{signal?: AbortSignal}} */ options = {}) {
  if (!known.length) known = (await get('/v1/event-types', options)).items;
  return known;
}

/** The codes of the built-in types, in the order in which they are listed. */
export const builtIn = () => known.map((type) => type.code);

/** "At the end of a call", or the code itself for a type that is not built in. */
export function typeLabel(/** @type {string} */ code) {
  if (code === '*') return t('endpoint.events.all');
  const found = known.find((type) => type.code === code);
  if (found) return found.label[language()] ?? found.label.en;
  return NOTICES.includes(code) ? t(`event.notice.${code.slice(9)}`) : code;
}

/** "Missed call": what happened, in as few words as a list has room for. */
export function typeName(/** @type {string} */ code) {
  const key = `event.type.${code}`;
  return has(key) ? t(key) : typeLabel(code);
}

/** A sample's data as text, for the test panel. */
export function sampleText(/** @type {string} */ code) {
  const own = { id: 'sample-1', account: { id: 'acc-1', name: 'My account' }, note: 'Sample data of ringhook' };
  return JSON.stringify(known.find((type) => type.code === code)?.sample ?? own, null, 2);
}

/** Whether a filter by duration is possible: only the end of a call and own types have one. */
export function hasDuration(/** @type {string} */ code) {
  return code === 'call:completed' || (code !== '*' && !builtIn().includes(code) && !code.startsWith('endpoint:'));
}

/** The form of a type's code. */
export const isTypeCode = (/** @type {string} */ code) => /^[a-z][a-z0-9_]{0,31}:[a-z][a-z0-9_]{0,31}$/.test(code);
