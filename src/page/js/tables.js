// Tables that are made once and then kept in step.

import { fill, tpl } from './dom.js';

/** The table that an element holds; made from a template the first time. @returns {HTMLTableElement} */
export function tableIn(/** @type {Element} */ into, /** @type {string} */ template) {
  if (!into.querySelector('table')) fill(into, tpl(template));
  return into.querySelector('table');
}
