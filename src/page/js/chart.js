// Small charts drawn as SVG: geometry by attributes, colours by class, never a style attribute. The geometry is pure
// and has tests of its own.

import { h, s } from './dom.js';
import { newId } from './ui.js';

/** @typedef {{at: string, value: number|null}} Point `null`: nothing was measured then */

export const WIDTH = 240;
export const HEIGHT = 64;

/**
 * The top of the axis: the smallest round number that holds the largest value.
 * @param {number} largest
 */
export function niceTop(largest) {
  if (!(largest > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(largest));
  return [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((step) => step * power).find((top) => top >= largest * 0.999) ?? 10 * power;
}

/**
 * Where each point lies: `x` in the middle of its share of the width, `y` from the top; `y` is null where there is no value.
 * @param {(number|null)[]} values
 * @param {{top: number, bottom?: number, width?: number, height?: number}} frame
 */
export function layOut(values, { top, bottom = 0, width = WIDTH, height = HEIGHT }) {
  const step = width / Math.max(1, values.length);
  return values.map((value, index) => ({
    x: round(step * (index + 0.5)),
    y: value == null ? null : round(height - (height * (clamp(value, bottom, top) - bottom)) / (top - bottom || 1)),
  }));
}

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const round = (value) => Math.round(value * 100) / 100;

/** The runs of neighbouring points that have a value: a gap stays a gap. */
export function runs(/** @type {{x: number, y: number|null}[]} */ points) {
  const found = [[]];
  for (const point of points) {
    if (point.y == null) found.push([]);
    else found[found.length - 1].push(point);
  }
  return found.filter((run) => run.length);
}

/** The path of a line through the runs; a lone point becomes a short stroke, so that it can be seen. */
export function linePath(/** @type {{x: number, y: number|null}[]} */ points) {
  return runs(points).map((run) => (run.length === 1 ? `M${run[0].x - 1} ${run[0].y}h2` : `M${run.map(({ x, y }) => `${x} ${y}`).join('L')}`)).join('');
}

/** The path of the area below that line. */
export function areaPath(/** @type {{x: number, y: number|null}[]} */ points, height = HEIGHT) {
  return runs(points).filter((run) => run.length > 1)
    .map((run) => `M${run[0].x} ${height}L${run.map(({ x, y }) => `${x} ${y}`).join('L')}L${run[run.length - 1].x} ${height}Z`).join('');
}

/** The index of the point under a share (0 to 1) of the width. */
export function indexAt(/** @type {number} */ share, /** @type {number} */ count) {
  return clamp(Math.floor(share * count), 0, Math.max(0, count - 1));
}

/**
 * A chart with a readout: the value under the pointer, or under the arrow keys.
 * @param {{
 *   points: Point[], kind: 'area'|'bars', top?: number, bottom?: number, description: string,
 *   read: (point: Point|null) => void,
 * }} options `read` is told which point is looked at, `null`: none
 */
export function chart({ points, kind, top, bottom = 0, description, read }) {
  const values = points.map((point) => point.value);
  const largest = top ?? niceTop(Math.max(0, ...values.filter((value) => value != null)));
  const places = layOut(values, { top: largest, bottom });
  const marks = kind === 'bars' ? bars(places, points.length) : lines(places);
  const cursor = s('line', { class: 'chart-cursor', y1: 0, y2: HEIGHT, visibility: 'hidden' });
  const svg = s('svg', { class: 'chart-svg', viewBox: `0 -2 ${WIDTH} ${HEIGHT + 4}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    s('line', { class: 'chart-base', x1: 0, x2: WIDTH, y1: HEIGHT, y2: HEIGHT }),
    s('line', { class: 'chart-grid', x1: 0, x2: WIDTH, y1: HEIGHT / 2, y2: HEIGHT / 2 }),
    marks, cursor);
  const id = newId('chart');
  const node = h('div', { class: `chart ${kind}`, role: 'img', tabindex: '0', 'aria-label': description, id }, svg);
  follow(node, points, places, cursor, read);
  return node;
}

function lines(places) {
  return [s('path', { class: 'chart-area', d: areaPath(places) }), s('path', { class: 'chart-line', d: linePath(places) })];
}

function bars(places, count) {
  const step = WIDTH / Math.max(1, count);
  const width = Math.max(0.8, step - (step > 4 ? 1 : 0.2));
  return places.filter(({ y }) => y != null && y < HEIGHT)
    .map(({ x, y }) => s('rect', { class: 'chart-bar', x: round(x - width / 2), y, width: round(width), height: round(HEIGHT - y) }));
}

/** The pointer and the arrow keys look at points; leaving looks at none. */
function follow(node, points, places, cursor, read) {
  let at = -1;
  const look = (index) => {
    at = index;
    const place = places[index];
    cursor.setAttribute('visibility', place ? 'visible' : 'hidden');
    if (place) {
      cursor.setAttribute('x1', place.x);
      cursor.setAttribute('x2', place.x);
    }
    read(place ? points[index] : null);
  };
  node.addEventListener('pointermove', (/** @type {PointerEvent} */ event) => {
    const box = node.getBoundingClientRect();
    look(indexAt((event.clientX - box.left) / box.width, points.length));
  });
  node.addEventListener('pointerleave', () => look(-1));
  node.addEventListener('blur', () => look(-1));
  node.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    const to = { ArrowLeft: (at < 0 ? points.length : at) - 1, ArrowRight: at + 1, Home: 0, End: points.length - 1, Escape: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    look(event.key === 'Escape' ? -1 : clamp(to, 0, points.length - 1));
  });
}
