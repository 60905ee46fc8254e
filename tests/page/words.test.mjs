// The pure parts of the page: words, numbers, times.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, test } from 'node:test';
import { ago, bytes, clock, duration, minute, number, percent, phone } from '../../src/page/js/fmt.js';
import { adopt, choose, fillIn, t } from '../../src/page/js/i18n.js';

const words = (language) => JSON.parse(readFileSync(new URL(`../../src/page/i18n/${language}.json`, import.meta.url), 'utf8'));
const english = words('en');
const french = words('fr');
adopt('en', english);
afterEach(() => adopt('en', english));

const table = (name, fn, cases) => test(name, () => {
  for (const [input, expected] of cases) assert.equal(plain(fn(input)), expected, JSON.stringify(input));
});
/** Intl writes several kinds of spaces. */
const plain = (text) => text.replace(/[\u00a0\u202f]/g, ' ');

table('durations', duration, [
  [null, '–'], [0, '0 ms'], [183.4, '183 ms'], [999, '999 ms'], [1000, '1 s'], [9800, '9.8 s'], [9960, '10 s'], [59_949, '60 s'],
  [59_950, '0 min'], [60_000, '1 min'], [750_000, '12 min'], [3_600_000, '1 h'], [11_100_000, '3 h 5 min'], [39_600_000, '11 h'],
  [172_799_000, '47 h'], [432_000_000, '5 d'],
]);
table('shares never round up to all', percent, [[null, '–'], [1, '100%'], [0.99999, '99.9%'], [0.992, '99.2%'], [0.5, '50%'], [0, '0%']]);
table('sizes', bytes, [[0, '0 B'], [1023, '1,023 B'], [1024, '1 KiB'], [88_000_000, '84 MiB'], [1.2e9, '1.1 GiB']]);
table('numbers', number, [[1204, '1,204'], [undefined, '–']]);
table('telephone numbers', phone, [
  ['+33612345678', '+33 6 12 34 56 78'], ['+12125550123', '+1 212 555 0123'], ['+442079460000', '+44 207 946 0000'],
  ['+352621123456', '+352 621 123 456'], ['+491711234567', '+49 171 123 4567'], [null, '–'], ['', '–'], ['anonymous', 'anonymous'],
]);

test('how long ago, without dots', () => {
  const now = Date.parse('2026-11-28T12:00:00Z');
  const of = (seconds) => ago(now - seconds * 1000, now);
  assert.deepEqual([0, 12, 180, 7200, 86_400 * 5, -240].map(of), ['now', '12 sec ago', '3 min ago', '2 hr ago', '5 days ago', 'in 4 min']);
});

test('a time of today has no day', () => {
  const now = new Date(2026, 10, 28, 12, 0, 0).getTime();
  assert.equal(clock(new Date(2026, 10, 28, 9, 5, 7).getTime(), now), '09:05:07');
  assert.equal(clock(new Date(2026, 10, 27, 23, 5, 7).getTime(), now), '27 Nov 23:05:07');
  assert.equal(minute(new Date(2026, 10, 28, 9, 5, 7).getTime(), now), '09:05');
});

test('French numbers, units and plurals', () => {
  adopt('fr', french);
  assert.equal(plain(duration(9800)), '9,8 s');
  assert.equal(plain(bytes(1.2e9)), '1,1 Gio');
  assert.equal(plain(t('attention.waiting', { count: 1 })), '1 remise attend.');
  assert.equal(plain(t('attention.waiting', { count: 0 })), '0 remise attend.');
  assert.equal(plain(t('attention.waiting', { count: 1200 })), '1 200 remises attendent.');
});

test('words with parameters', () => {
  assert.equal(fillIn('{a} of {b}, {c}', { a: 1200, b: '<b>' }), '1,200 of <b>, {c}');
  assert.equal(t('no.such.key'), 'no.such.key');
});

test('the first of the wished languages that the page speaks', () => {
  assert.equal(choose(['de-DE', 'fr-CH', 'en']), 'fr');
  assert.equal(choose(['en-US', 'fr']), 'en');
  assert.equal(choose(['ja']), 'en');
});
