// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketsOf, chartsOf, stackUp } from '../../../ui/web/lib/series.js';
import { command, quote } from '../../../ui/web/lib/command.js';

const T = Date.parse('2026-03-02T09:00:00Z') / 1000;
const batch = (s, counters, more = {}) => ({ flow: 'f', batch: s, timestamp: new Date((T - s - 2) * 1000).toISOString(), done: new Date((T - s) * 1000).toISOString(), counters, ...more });

test('a batch is in the bucket in which it ended', () => {
  const { x, of, width } = bucketsOf([batch(0, {}), batch(899, {}), batch(5000, {})], T, 900);
  assert.equal(of.flat().length, 2);
  assert.equal(of.at(-1).length, 1);
  assert.equal(x.at(-1) % width, 0);
});

test('a steady stream is no comb', () => {
  const { of } = bucketsOf(Array.from({ length: 60 }, (_, i) => batch(i * 45, {})), T, 3600);
  const used = of.filter((l) => l.length > 0).length;
  assert.ok(used >= 0.7 * of.length * (2700 / 3600), `${used} of ${of.length}`);
});

test('rates count rows by the second', () => {
  const charts = chartsOf({ batches: [batch(1, { read: 1000, written: 900, dropped: 100 })] }, T, 900);
  const rates = charts.find((c) => c.key === 'rates').chart.lines;
  assert.equal(rates[0].values.at(-1) * bucketsOf([batch(1, {})], T, 900).width, 1000);
  assert.equal(rates[1].values.at(-1), 500);
  assert.deepEqual(charts.find((c) => c.key === 'rows').chart.lines.map((l) => l.label), ['written', 'dropped']);
  assert.deepEqual(charts.find((c) => c.key === 'lag').chart.lines, []);
});

test('the watermark gap is the time between the end of a batch and its watermark', () => {
  const charts = chartsOf({ batches: [batch(1, { read: 1 }, { watermarks: { t: '2026-03-02 08:49:59' } })] }, T, 900);
  assert.equal(charts.find((c) => c.key === 'watermark').chart.lines[0].values.at(-1), 600_000);
});

test('what waits in the sources is the most of each flow, in rows and in time', () => {
  const charts = chartsOf({ batches: [batch(1, {}, { lag: { rows: 40, seconds: 3 } }), batch(1, {}, { lag: { rows: 12, seconds: 9 } })] }, T, 900);
  assert.equal(charts.find((c) => c.key === 'lag').chart.lines[0].values.at(-1), 9000);
  assert.equal(charts.find((c) => c.key === 'lag_rows').chart.lines[0].values.at(-1), 40);
  const files = chartsOf({ batches: [batch(1, {}, { lag: { files: 3, bytes: 10, seconds: 1 } })] }, T, 900);
  assert.deepEqual(files.find((c) => c.key === 'lag_rows').chart.lines, []);
});

test('the duration of batches is stacked by phase, in milliseconds, where phases are known', () => {
  const of = (batches) => chartsOf({ batches }, T, 900).find((c) => c.key === 'duration');
  const known = of([batch(1, {}, { phases_us: { read: 2000, compute: 6000 } }), batch(1, {}, { phases_us: { read: 4000, compute: 8000 } })]);
  assert.deepEqual(known.chart.lines.map((l) => [l.label, l.values.at(-1)]), [['read', 3], ['compute', 7]]);
  assert.ok(known.stack);
  assert.ok(!of([batch(1, {})]).stack);
});

test('stacked lines stand on each other', () => {
  assert.deepEqual(stackUp([{ values: [1, null] }, { values: [2, 3] }]), [[1, 0], [3, 3]]);
});

test('the command that does the same', () => {
  assert.equal(command.run('iot', { select: 'a +b' }), "smelt run iot --select 'a +b'");
  assert.equal(command.run('iot', { full_refresh: 'a', keep_downstream: true }), 'smelt run iot --full-refresh a --keep-downstream');
  assert.equal(command.checkpoint('list', 'iot'), 'smelt checkpoint list -p iot');
  assert.equal(command.retry('iot', true), 'smelt retry iot');
  assert.equal(command.retry('iot', false), 'smelt retry iot --all');
  assert.equal(command.quarantine('replay', 'iot', 't', { rule: 'x' }), 'smelt quarantine replay t --rule x -p iot');
  assert.equal(command.events('iot', { run: 3, level: 'warn' }), 'smelt events --level warn --run 3 -p iot');
  assert.equal(quote("it's"), "'it'\\''s'");
});
