// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as f from '../../../ui/web/lib/format.js';

test('numbers have three digits and a unit', () => {
  assert.deepEqual([0, 7, 950, 999, 1000, 1234, 12_345, 999_949, 999_999, 1_500_000].map(f.compact),
    ['0', '7', '950', '999', '1k', '1.23k', '12.3k', '1M', '1M', '1.5M']);
  assert.equal(f.bytes(59_400), '59.4 kB');
  assert.equal(f.count(1_234_567), '1,234,567');
  assert.equal(f.rate(0.25), '0.3/s');
  for (const g of [f.count, f.compact, f.bytes, f.rate, f.duration, f.percent, f.lag]) assert.equal(g(undefined), '–');
});

test('durations have at most two units', () => {
  assert.deepEqual([0, 16, 999, 1000, 4900, 59_940, 59_960, 60_000, 200_000, 3_600_000, 7_500_000, 90_000_000].map(f.duration),
    ['0 ms', '16 ms', '999 ms', '1 s', '4.9 s', '59.9 s', '1 min', '1 min', '3 min 20 s', '1 h', '2 h 5 min', '1 d 1 h']);
});

test('a share is never rounded to all or nothing', () => {
  assert.deepEqual([1, 0, 0.5, 0.9962, 0.99999, 0.00001].map(f.percent), ['100 %', '0 %', '50 %', '99.62 %', '> 99.99 %', '< 0.01 %']);
});

test('times are relative, in one unit', () => {
  const now = Date.parse('2026-03-02T09:14:00Z');
  assert.equal(f.relative('2026-03-02T09:13:30Z', now), '30 s ago');
  assert.equal(f.relative('2026-03-02T09:18:00Z', now), 'in 4 min');
  assert.equal(f.relative('2026-03-02T09:13:59Z', now), 'now');
  assert.equal(f.relative('2026-02-20T09:00:00Z', now), '10 d ago');
  assert.equal(f.relative(undefined, now), '–');
  assert.equal(f.relative('rubbish', now), '–');
  assert.equal(f.utc('2026-03-02T09:13:30Z'), '2026-03-02 09:13:30 UTC');
});

test('how far a source was ahead is told in what it counts', () => {
  assert.equal(f.behind(undefined), '');
  assert.equal(f.behind({ rows: 0, seconds: 0 }), 'nothing left');
  assert.equal(f.behind({ rows: 1200, seconds: 3 }), '1,200 rows behind, 3 s');
  assert.equal(f.behind({ files: 1, bytes: 59_400 }), '1 file, 59.4 kB behind');
});

test('a spreadsheet takes no cell for a formula', () => {
  assert.equal(f.csv(['a', 'b'], [['=1+1', 'x,"y"'], [null, -3], ['-3', { k: 1 }]]), 'a,b\r\n\'=1+1,"x,""y"""\r\n,-3\r\n\'-3,"{""k"":1}"\r\n');
});
