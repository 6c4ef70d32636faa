// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountOf, passShare, phasesOf, sum, ticks, timeline } from '../../../ui/web/lib/account.js';
import { regressions } from '../../../ui/web/lib/quality.js';
import { Ring } from '../../../ui/web/lib/ring.js';
import { depths, fits, neighbours, tablesOf } from '../../../ui/web/lib/select.js';
import { columnsOf, groupsOf, namesIn } from '../../../ui/web/lib/set_aside.js';

test('a bar shows what the time of batches went to, in the order of the phases', () => {
  const { all, parts } = phasesOf({ publish: 1000, compute: 3000, keep: 0 });
  assert.equal(all, 4);
  assert.deepEqual(parts.map((p) => [p.key, p.ms, p.share]), [['compute', 3, 0.75], ['publish', 1, 0.25]]);
  assert.deepEqual(phasesOf(undefined), { all: 0, parts: [] });
});

test('a bar shows where all rows went', () => {
  const parts = accountOf({ read: 100, written: 90, dropped: 8, late: 2, filtered: 0 });
  assert.deepEqual(parts.map((p) => [p.word, p.rows, p.share]), [['written', 90, 0.9], ['dropped', 8, 0.08], ['late', 2, 0.02]]);
  assert.deepEqual(accountOf({ read: 10, written: 4, in_state: 6 }).map((p) => [p.word, p.rows]), [['written', 4], ['kept in state', 6]]);
  assert.deepEqual(accountOf({ read: 0, written: 4, in_state: -4 }).map((p) => p.word), ['written']);
  assert.deepEqual(accountOf({ read: 0, written: 0 }), []);
  assert.deepEqual(accountOf(undefined), []);
  assert.deepEqual(sum([{ read: 1, written: 1 }, undefined, { read: 2 }]), { read: 3, written: 1 });
});

test('rules that judged nothing have no share', () => {
  assert.equal(passShare([{ passed: 0, failed: 0 }]), null);
  assert.equal(passShare([{ passed: 3, failed: 1 }]), 0.75);
});

test('a timeline spans its flows, open ones until now', () => {
  const t = timeline([{ started: '2026-01-01T00:00:00Z', ended: '2026-01-01T00:00:04Z' }, { started: '2026-01-01T00:00:04Z' }, {}], Date.parse('2026-01-01T00:00:08Z'));
  assert.equal(t.span, 8000);
  assert.deepEqual(t.bars, [{ left: 0, width: 0.5 }, { left: 0.5, width: 0.5 }, { left: 0, width: 0 }]);
  assert.deepEqual(ticks(8000), [0, 2000, 4000, 6000, 8000]);
  assert.deepEqual(ticks(0), []);
});

test('a ring keeps the newest', () => {
  const r = new Ring(3);
  for (let i = 0; i < 8; i++) r.push(i);
  assert.deepEqual(r.list(), [5, 6, 7]);
  assert.equal(r.items.length, 3);
});

test('what got worse comes first', () => {
  const { rules } = regressions({ tables: [{ name: 't', expectations: [
    { name: 'same', passed: 9, failed: 1, history: [0.9, 0.9] }, { name: 'worse', passed: 5, failed: 5, history: [1, { passed: 5, failed: 5 }] }, { name: 'new', passed: 1, failed: 0 },
  ] }] });
  assert.deepEqual(rules.map((r) => [r.name, r.change]), [['worse', -0.5], ['same', 0], ['new', null]]);
});

test('the columns that a rule speaks of', () => {
  assert.deepEqual(namesIn(`site <> 'battery' AND "odd name" > 3`), ['site', 'AND', 'odd name']);
  assert.deepEqual(columnsOf([{ row: { a: 1 } }, { row: { b: 1 } }, { raw: 'x' }]), ['a', 'b', 'path', 'line', 'raw']);
  const groups = groupsOf({ rules: { few: 1, many: 9 } }, { rows: [{ rules: [{ name: 'few', expect: 'x > 0' }] }] });
  assert.deepEqual(groups.map((g) => [g.name, g.rows, g.expect]), [['many', 9, undefined], ['few', 1, 'x > 0']]);
});

test('steps of a graph, a circle too', () => {
  const d = depths([{ name: 'a' }, { name: 'b' }, { name: 'c' }], [{ from: 'a', to: 'b' }, { from: 'b', to: 'c' }, { from: 'a', to: 'c' }]);
  assert.deepEqual([...d], [['a', 0], ['b', 1], ['c', 2]]);
  assert.equal(depths([{ name: 'a' }], [{ from: 'a', to: 'a' }]).size, 1);
  assert.deepEqual(neighbours([{ from: 'a', to: 'b' }]).get('b'), { up: ['a'], down: [] });
});

test('filters by name, layer, tag and state', () => {
  const none = { find: '', layer: '', tag: '', state: '' };
  const d = { name: 'Orders_silver', layer: 'silver', tags: { team: 'sales' }, state: 'skipped' };
  assert.ok(fits(d, none));
  assert.ok(fits(d, { ...none, find: 'orders' }));
  assert.ok(fits(d, { ...none, tag: 'team=sales', state: 'bad' }));
  assert.ok(!fits(d, { ...none, state: 'ok' }));
  assert.ok(!fits(d, { ...none, layer: 'gold' }));
});

test('what stands beside a table is none of the tables', () => {
  const all = ['source', 'streaming_table', 'materialized_view', 'sink', 'quarantine', 'late_rows'].map((kind) => ({ kind }));
  assert.deepEqual(tablesOf(all).map((d) => d.kind), ['source', 'streaming_table', 'materialized_view', 'sink']);
});
