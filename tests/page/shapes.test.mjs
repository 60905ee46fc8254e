// The pure parts of the page: addresses, signals, what charts and strips look like.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withQuery } from '../../src/page/js/api.js';
import { areaPath, indexAt, layOut, linePath, niceTop, runs } from '../../src/page/js/chart.js';
import { rowsOf } from '../../src/page/js/figures.js';
import { address, match, parse } from '../../src/page/js/router.js';
import { codeInAddress, codeOf } from '../../src/page/js/session.js';
import { effect, signal } from '../../src/page/js/store.js';
import { bucket } from '../../src/page/js/strip.js';

test('addresses are taken apart and put together', () => {
  assert.deepEqual(parse(''), { path: '/', query: {} });
  assert.deepEqual(parse('#/events?state=failed&q=%2B33'), { path: '/events', query: { state: 'failed', q: '+33' } });
  assert.deepEqual(parse('#/events/?q=a?b'), { path: '/events', query: { q: 'a?b' } });
  assert.equal(address('/events', { state: 'failed', q: '', page: null, x: 0 }), '#/events?state=failed&x=0');
  assert.equal(address('/', {}), '#/');
  assert.equal(withQuery('/v1/events', { cursor: null, q: '+33' }), '/v1/events?q=%2B33');
});

test('paths fit patterns', () => {
  assert.deepEqual(match('/endpoints/:id', '/endpoints/ep_1'), { id: 'ep_1' });
  assert.deepEqual(match('/endpoints/:id', '/endpoints/a%20b'), { id: 'a b' });
  assert.deepEqual(match('/endpoints/:id', '/endpoints/%'), { id: '%' });
  assert.equal(match('/endpoints/:id', '/endpoints'), null);
  assert.equal(match('/endpoints/:id', '/endpoints/a/b'), null);
  assert.deepEqual(match('/', '/'), {});
});

test('a sign-in code is found in an address and in a pasted link, and nowhere else', () => {
  assert.equal(codeInAddress('#/in/9f3k-7q2m-x4wd'), '9f3k-7q2m-x4wd');
  assert.equal(codeInAddress('#/signin?code=abc'), 'abc');
  assert.equal(codeInAddress('#/endpoints?code=abc'), null);
  assert.equal(codeOf(' http://127.0.0.1:7464/#/in/9f3k-7q2m-x4wd\n'), '9f3k-7q2m-x4wd');
  assert.equal(codeOf(' rh_abc '), 'rh_abc');
});

test('an effect follows what it read last, until it is stopped', () => {
  const [first, second] = [signal(1), signal(10)];
  const seen = [];
  const stop = effect(() => seen.push(first.value === 1 ? second.value : 0));
  second.value = 11;
  first.value = 2;
  second.value = 12;
  first.value = 1;
  stop();
  second.value = 13;
  assert.deepEqual(seen, [10, 11, 0, 12]);
});

test('an axis ends with a round number that holds the largest value', () => {
  for (const [largest, top] of [[0, 1], [NaN, 1], [1, 1], [7, 8], [52, 60], [61, 80], [99, 100], [101, 120], [1204, 1500], [0.3, 0.3]]) {
    assert.ok(Math.abs(niceTop(largest) - top) < 1e-9, `${largest}: ${niceTop(largest)}`);
  }
});

test('a chart keeps its gaps', () => {
  const places = layOut([0, null, 5, 10, null], { top: 10, width: 50, height: 100 });
  assert.deepEqual(places, [{ x: 5, y: 100 }, { x: 15, y: null }, { x: 25, y: 50 }, { x: 35, y: 0 }, { x: 45, y: null }]);
  assert.equal(runs(places).length, 2);
  assert.equal(linePath(places), 'M4 100h2M25 50L35 0');
  assert.equal(areaPath(places, 100), 'M25 100L25 50L35 0L35 100Z');
  assert.deepEqual(layOut([20, -5], { top: 10, width: 2, height: 10 }).map(({ y }) => y), [0, 10]);
  assert.equal(linePath(layOut([null], { top: 1 })), '');
});

test('the pointer finds its point at both ends', () => {
  assert.deepEqual([-0.1, 0, 0.49, 0.5, 1, 1.2].map((share) => indexAt(share, 2)), [0, 0, 0, 1, 1, 1]);
  assert.equal(indexAt(0.5, 0), 0);
});

test('neighbouring points are put together: counts add up, measures keep the worst', () => {
  const points = Array.from({ length: 168 }, (_, at) => ({ at: String(at), delivered: 1, failed: at % 2, p95_ms: at === 0 ? 900 : null, waiting: at, oldest_waiting_ms: 0 }));
  const rows = rowsOf({ points });
  assert.equal(rows.length, 56);
  assert.deepEqual(rows[0], { at: '0', delivered: 3, failed: 1, p95_ms: 900, waiting: 2, oldest_waiting_ms: 0 });
  assert.equal(rows[1].p95_ms, null);
  assert.equal(rows.reduce((sum, row) => sum + row.delivered, 0), 168);
  assert.deepEqual(rowsOf({ points: [] }), []);
});

test('a strip shows latencies in six heights', () => {
  assert.deepEqual([0, 100, 101, 1000, 9999, 10_001, null].map(bucket), [1, 1, 2, 3, 5, 6, 6]);
});
