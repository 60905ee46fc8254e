// What an endpoint wants, between the wire's list of subscriptions and what a person fills in: one filter for all chosen
// events, or one for each. Pure.

import { hasDuration } from './event-types.js';

/**
 * @typedef {{accounts: string[], numbers: string[], min: number|null, max: number|null}} Filter
 * @typedef {{type: string, filter: Filter}} Wish
 * @typedef {{wishes: Wish[], each: boolean, shared: Filter}} Model `shared` counts unless `each`
 */

/** @returns {Filter} */
export const emptyFilter = () => ({ accounts: [], numbers: [], min: null, max: null });

const isEmpty = (/** @type {Filter} */ filter) =>
  !filter.accounts.length && !filter.numbers.length && filter.min === null && filter.max === null;

/** Whether a filter leaves anything out. */
export const filters = (/** @type {Model} */ model) =>
  model.each ? model.wishes.some((wish) => !isEmpty(wish.filter)) : !isEmpty(model.shared);

/** Reads the wire's `events`. @returns {Model} */
export function fromWire(/** @type {any[]} */ events) {
  const wishes = events.map((one) => (typeof one === 'string' ? { type: one, filter: emptyFilter() } : wishOf(one)));
  const shared = sharedFilter(wishes);
  return { wishes, each: shared === null, shared: shared ?? emptyFilter() };
}

function wishOf(one) {
  const { accounts = [], numbers = [], duration } = one;
  return { type: one.type, filter: { accounts, numbers, min: duration?.min ?? null, max: duration?.max ?? null } };
}

/** The one filter that says the same as those of all wishes; null where there is none. */
function sharedFilter(wishes) {
  const types = wishes.map((wish) => wish.type);
  if (new Set(types).size !== types.length) return null;
  const same = (/** @type {(filter: Filter) => any} */ part, among) => new Set(among.map((wish) => JSON.stringify(part(wish.filter)))).size <= 1;
  const timed = wishes.filter((wish) => hasDuration(wish.type));
  const fits = same((filter) => [filter.accounts, filter.numbers], wishes) && same((filter) => [filter.min, filter.max], timed);
  if (!fits || !wishes.length) return wishes.length ? null : emptyFilter();
  const { min, max } = timed[0]?.filter ?? emptyFilter();
  return { ...wishes[0].filter, min, max };
}

/** Writes the wire's `events`: plain names where there is no filter. */
export function toWire(/** @type {Model} */ model) {
  return model.wishes.map(({ type, filter }) => wireOf(type, model.each ? filter : model.shared));
}

function wireOf(type, { accounts, numbers, min, max }) {
  const one = /** @type {any} */ ({ type });
  if (accounts.length) one.accounts = accounts;
  if (numbers.length) one.numbers = numbers;
  if (hasDuration(type) && (min !== null || max !== null)) one.duration = { min, max };
  return Object.keys(one).length === 1 ? type : one;
}

/** Chooses a type or takes it out; what was filled in for the others stays. */
export function choose(/** @type {Model} */ model, /** @type {string} */ type, /** @type {boolean} */ wanted) {
  const has = model.wishes.some((wish) => wish.type === type);
  if (wanted && !has) model.wishes.push({ type, filter: model.each ? emptyFilter() : copy(model.shared) });
  if (!wanted) model.wishes = model.wishes.filter((wish) => wish.type !== type);
}

/** Goes over to one filter for each event, or back to one for all: the first one then. */
export function setEach(/** @type {Model} */ model, /** @type {boolean} */ each) {
  if (each && !model.each) for (const wish of model.wishes) wish.filter = copy(model.shared);
  if (!each && model.each) {
    const seen = new Set();
    model.wishes = model.wishes.filter(({ type }) => !seen.has(type) && seen.add(type));
    const first = model.wishes.find((wish) => !isEmpty(wish.filter));
    model.shared = first ? copy(first.filter) : emptyFilter();
  }
  model.each = each;
}

const copy = (/** @type {Filter} */ filter) => ({ ...filter, accounts: [...filter.accounts], numbers: [...filter.numbers] });
