// SPDX-License-Identifier: Apache-2.0
// documents.mjs -- made-up documents of the API, of every state that the page can show: what a real
// server shows seldom (500 tables, all states, weeks of batches) and in the same form.

const T0 = Date.parse('2026-03-02T09:14:00Z');
export const NOW = T0;

const iso = (ms) => new Date(ms).toISOString();
const ago = (s) => iso(T0 - s * 1000);

// A small generator of numbers, the same each time.
export function numbers(seed) {
  let x = seed >>> 0 || 1;
  return () => {
    x ^= x << 13; x >>>= 0;
    x ^= x >>> 17;
    x ^= x << 5; x >>>= 0;
    return x / 4294967296;
  };
}

const zero = {
  read: 0, undecodable: 0, undecodable_kept: 0, result: 0, combined: 0, late: 0, duplicate: 0, dropped: 0, quarantined: 0,
  written: 0, bytes_in: 0, bytes_out: 0, files_in: 0, files_out: 0, filtered: 0, expanded: 0,
};
const counters = (o) => ({ ...zero, ...o });

const run = (number, state, o = {}) => ({
  number, state, warnings: false, cause: 'interval', created: ago(o.ago ?? 60), started: ago(o.ago ?? 60),
  ...(o.open ? {} : { ended: ago((o.ago ?? 60) - (o.ms ?? 4900) / 1000), duration_ms: o.ms ?? 4900 }), ...(o.more ?? {}),
});

const rules = [
  { name: 'has_device', expect: 'device_id IS NOT NULL', on_violation: 'drop' },
  { name: 'plausible', expect: 'temperature BETWEEN -50 AND 60', on_violation: 'quarantine' },
  { name: 'battery_ok', expect: 'battery >= 0', on_violation: 'warn' },
];
const results = (failed) => rules.map((r, i) => ({ name: r.name, policy: r.on_violation, passed: 120_331 - failed[i], failed: failed[i] }));

const columns = [
  { name: 'device_id', type: 'VARCHAR' }, { name: 'event_timestamp', type: 'TIMESTAMP' }, { name: 'temperature', type: 'DOUBLE' },
  { name: 'humidity', type: 'DOUBLE' }, { name: 'battery', type: 'INTEGER' }, { name: 'site', type: 'VARCHAR' },
];

/** So many milliseconds, as a batch spends them. */
const phases = (ms, open = 0) => {
  const us = (share) => Math.round(ms * 1000 * share);
  return { plan: us(0.04), open: us(open), read: us(0.13), compute: us(0.5 - open), sync: us(0.05), keep: us(0.06), decide: us(0.1), publish: us(0.12) };
};

// ---- iot: works, sets rows aside ------------------------------------------------------------------

const iotTables = [
  { name: 'readings', kind: 'source', type: 'files', reads: [] },
  { name: 'devices', kind: 'source', type: 'files', reads: [] },
  { name: 'readings_bronze', kind: 'streaming_table', layer: 'bronze', state: 'succeeded', reads: ['readings'], written: ago(58), version: 41, counters: counters({ read: 120_334, undecodable: 3, written: 120_331 }), rows_per_second: 66_800, lag_seconds: 12, tags: { team: 'plant' }, place: { file: 'pipeline.yml', line: 24, column: 3 }, description: 'Every reading as it arrived' },
  { name: 'readings_silver', kind: 'streaming_table', layer: 'silver', state: 'succeeded_with_warnings', reads: ['readings_bronze', 'devices'], written: ago(56), version: 41, counters: counters({ read: 120_331, dropped: 452, quarantined: 8, duplicate: 120, written: 119_751 }), expectations: results([452, 8, 31]), rows_per_second: 50_100, lag_seconds: 14, tags: { team: 'plant' }, place: { file: 'pipeline.yml', line: 29, column: 3 }, description: 'One row per plausible reading' },
  { name: 'readings_10m', kind: 'materialized_view', layer: 'gold', state: 'succeeded', reads: ['readings_silver'], written: ago(55), version: 40, counters: counters({ read: 119_751, combined: 119_694, written: 57 }), rows_per_second: 399_000, lag_seconds: 15, place: { file: 'pipeline.yml', line: 48, column: 3 } },
  { name: 'sites_daily', kind: 'materialized_view', layer: 'gold', state: 'idle', reads: ['readings_silver'], written: ago(3600), version: 12, counters: counters({}), place: { file: 'pipeline.yml', line: 58, column: 3 } },
  { name: 'alerts', kind: 'streaming_table', layer: 'gold', state: 'running', reads: ['readings_10m'], written: ago(700), version: 7, counters: counters({ read: 57, written: 12, filtered: 45 }), place: { file: 'alerts.yml', line: 3, column: 3 } },
];
const edgesOf = (tables) => tables.flatMap((t) => (t.reads ?? []).map((from) => ({ from, to: t.name, mode: t.kind === 'materialized_view' ? 'snapshot' : 'stream' })));

const iotRuns = () => {
  const n = numbers(7);
  return Array.from({ length: 60 }, (_, i) => {
    const number = 112 - i;
    const state = number === 107 ? 'failed' : number === 98 ? 'canceled' : 'completed';
    return run(number, state, { ago: 60 + i * 600, ms: Math.round(2000 + 6000 * n()), more: { warnings: state === 'completed' && number % 3 !== 0, commit: '3f9a2c17d0e4' } });
  });
};

const iotFlows = [
  { flow: 'readings_bronze', table: 'readings_bronze', state: 'succeeded', batches: 1, started: ago(60), ended: ago(58.2), duration_ms: 1800, phases_us: phases(1800, 0.05), cpu_us: 2520000, counters: iotTables[2].counters, expectations: [] },
  { flow: 'readings_silver', table: 'readings_silver', state: 'succeeded_with_warnings', batches: 1, started: ago(58.1), ended: ago(55.7), duration_ms: 2400, phases_us: phases(2400, 0), cpu_us: 3360000, counters: iotTables[3].counters, expectations: results([452, 8, 31]) },
  { flow: 'readings_10m', table: 'readings_10m', state: 'succeeded', batches: 1, started: ago(55.6), ended: ago(55.3), duration_ms: 300, phases_us: phases(300, 0), cpu_us: 420000, counters: iotTables[4].counters, expectations: [] },
  { flow: 'sites_daily', table: 'sites_daily', state: 'idle', batches: 0, started: ago(55.6), ended: ago(55.6), duration_ms: 1, counters: counters({}), expectations: [] },
  { flow: 'alerts', table: 'alerts', state: 'succeeded', batches: 1, started: ago(55.2), ended: ago(55.1), duration_ms: 120, phases_us: phases(120, 0), cpu_us: 168000, counters: iotTables[6].counters, expectations: [] },
];

const sample = (i) => ({ device_id: i % 3 ? `sensor-${10 + i}` : null, event_timestamp: `2026-03-02 08:${10 + i}:05`, temperature: i % 3 ? 999.9 : 21.4, humidity: 48, battery: 95 - i, site: ['turku', 'porto', 'lyon'][i % 3] });
const asideRow = (i) => {
  const r = rules[i % 3 ? 1 : 0];
  return { id: `012aebea-5f53-4782-a847-09dcb60ae${100 + i}`, rules: [{ name: r.name, expect: r.expect, policy: 'quarantine' }], attempt: 1, run: 112, flow: 'readings_silver', batch: 41, at: '2026-03-02 09:13:02.045', row: sample(i) };
};

function iotEvents() {
  const out = [];
  let id = 900;
  const add = (s, level, type, o) => out.push({ id: ++id, time: ago(s), level, type, seq: id - 900, ...o });
  add(60, 'info', 'run_started', { message: 'run 112', details: { number: 112, cause: 'interval' } });
  for (const f of iotFlows) {
    add(57, 'info', 'dataset_committed', { table: f.table, flow: f.flow, batch: 41, message: 'version 41', details: { version: 41, operation: 'STREAMING UPDATE', rows: f.counters.written, bytes: 59_883 } });
    add(57, 'info', 'flow_progress', { table: f.table, flow: f.flow, batch: 41, message: `${f.counters.read} read, ${f.counters.written} written`, details: { status: 'running', counters: f.counters } });
  }
  add(56, 'warn', 'expectation_result', { table: 'readings_silver', flow: 'readings_silver', batch: 41, message: 'has_device: 452 failed', details: { ...results([452, 8, 31])[0], samples: [sample(0), sample(3), sample(6)] } });
  add(56, 'debug', 'flow_definition', { table: 'readings_silver', flow: 'readings_silver', message: 'reads readings_bronze' });
  add(55, 'error', 'checkpoint_refused', { table: 'alerts', flow: 'alerts', message: 'checkpoint and table do not fit', details: { reason: 'the table is at version 9, the checkpoint expects 7', advice: 'smelt checkpoint adopt alerts' } });
  add(54, 'info', 'run_finished', { message: 'run 112 succeeded with warnings', details: { number: 112, state: 'completed', duration_ms: 4900 } });
  return out;
}

function iotBatches() {
  const n = numbers(11);
  const out = [];
  for (const flow of ['readings_bronze', 'readings_silver', 'readings_10m']) {
    for (let i = 0; i < 220; i++) {
      const end = 30 + i * 45;
      const read = Math.round(20_000 + 9000 * Math.sin(i / 18) + 5000 * n());
      const failed = Math.round(read * (0.002 + 0.004 * n()));
      const ms = Math.round(300 + read / 90 + 400 * n());
      const gold = flow === 'readings_10m';
      out.push({
        flow, table: flow, batch: 220 - i, state: 'done', timestamp: ago(end + ms / 1000), decided: ago(end + 0.02), done: ago(end), phases_us: phases(ms), cpu_us: 1400 * ms,
        counters: counters({ read, written: gold ? 57 : read - (flow === 'readings_silver' ? failed : 0), dropped: flow === 'readings_silver' ? failed : 0, combined: gold ? read - 57 : 0, bytes_in: read * 120, bytes_out: read * 11, files_in: 3 }),
        watermarks: { event_timestamp: iso(T0 - end * 1000 - 600_000 - Math.round(60_000 * n())) },
        expectations: flow === 'readings_silver' ? [{ name: 'has_device', policy: 'drop', passed: read - failed, failed }] : [],
        ...(gold ? { state_rows: undefined, state: 'done' } : {}),
      });
    }
  }
  return out;
}

// ---- orders: fails ------------------------------------------------------------------------------

const ordersError = 'rule "positive" is broken by 14 rows and its policy is fail; nothing of the batch was written';
const ordersTables = [
  { name: 'orders', kind: 'source', type: 'kafka', reads: [] },
  { name: 'orders_bronze', kind: 'streaming_table', layer: 'bronze', state: 'succeeded', reads: ['orders'], written: ago(400), version: 88, counters: counters({ read: 4021, written: 4021 }), lag_seconds: 400 },
  { name: 'orders_silver', kind: 'streaming_table', layer: 'silver', state: 'failed', error: ordersError, reads: ['orders_bronze'], written: ago(4600), version: 80, counters: counters({}), expectations: [{ name: 'positive', policy: 'fail', passed: 4007, failed: 14 }], lag_seconds: 4600 },
  { name: 'revenue', kind: 'materialized_view', layer: 'gold', state: 'skipped', reason: 'upstream orders_silver failed', reads: ['orders_silver'], written: ago(4600), version: 71, counters: counters({}), lag_seconds: 4600 },
  { name: 'customers_daily', kind: 'materialized_view', layer: 'gold', state: 'skipped', reason: 'upstream orders_silver failed', reads: ['orders_silver'], counters: counters({}), lag_seconds: 4600 },
  { name: 'refunds', kind: 'streaming_table', layer: 'silver', state: 'never_run', reads: ['orders_bronze'], counters: undefined },
];
const ordersFlows = [
  { flow: 'orders_bronze', table: 'orders_bronze', state: 'succeeded', batches: 1, started: ago(402), ended: ago(400), duration_ms: 1900, counters: ordersTables[1].counters, expectations: [] },
  { flow: 'orders_silver', table: 'orders_silver', state: 'failed', error: ordersError, batches: 0, started: ago(400), ended: ago(398), duration_ms: 1700, counters: counters({ read: 4021 }), expectations: [{ name: 'positive', policy: 'fail', passed: 4007, failed: 14 }] },
  { flow: 'revenue', table: 'revenue', state: 'skipped', reason: 'upstream orders_silver failed', batches: 0, counters: counters({}), expectations: [] },
  { flow: 'customers_daily', table: 'customers_daily', state: 'skipped', reason: 'upstream orders_silver failed', batches: 0, counters: counters({}), expectations: [] },
];

// ---- wide: 500 tables ---------------------------------------------------------------------------

const wideStates = ['succeeded', 'succeeded', 'succeeded', 'idle', 'succeeded_with_warnings', 'succeeded', 'running', 'failed', 'skipped', 'never_run'];
function wideTables() {
  const n = numbers(3);
  const out = [{ name: 'everything', kind: 'source', type: 'files', reads: [] }];
  for (let i = 0; i < 500; i++) {
    const layer = i % 10 < 4 ? 'bronze' : i % 10 < 8 ? 'silver' : 'gold';
    const before = layer === 'bronze' ? 'everything' : `table_${String(i - (layer === 'silver' ? 4 : 2)).padStart(3, '0')}`;
    const read = Math.round(100_000 * n());
    out.push({
      name: `table_${String(i).padStart(3, '0')}`, kind: layer === 'gold' ? 'materialized_view' : 'streaming_table', layer, state: wideStates[Math.floor(n() * 10)], reads: [before],
      written: ago(Math.round(4000 * n())), version: i, counters: counters({ read, dropped: Math.round(read * 0.01), written: read - Math.round(read * 0.01) }), expectations: [{ name: 'ok', policy: 'drop', passed: read, failed: Math.round(read * 0.01) }], rows_per_second: Math.round(9000 * n()), lag_seconds: Math.round(900 * n()), tags: { domain: `d${i % 7}` },
    });
  }
  return out;
}

// ---- all of them --------------------------------------------------------------------------------

const wave = (seed, base) => {
  const n = numbers(seed);
  return Array.from({ length: 30 }, (_, i) => Math.round(base * (1 + 0.35 * Math.sin(i / 4) + 0.2 * n())));
};
const marks = (runs) => runs.slice(0, 10).map(({ number, state, warnings, duration_ms, ended }) => ({ number, state, warnings, duration_ms, ended }));

function gridOf(tables, runs, cell) {
  return {
    runs: runs.map(({ number, state, warnings, started, duration_ms }) => ({ number, state, warnings, started, duration_ms })),
    tables: tables.filter((t) => t.kind !== 'source').map((t, i) => ({ name: t.name, layer: t.layer, cells: runs.map((r, j) => cell(t, r, i, j)) })),
  };
}

function qualityOf(tables, seed) {
  const n = numbers(seed);
  return {
    tables: tables.filter((t) => t.expectations).map((t) => ({
      name: t.name, layer: t.layer, quarantine: t.name === 'readings_silver' ? { rows: 68, oldest: ago(86_400 * 3) } : undefined,
      expectations: t.expectations.map((e) => ({
        ...e, expect: rules.find((r) => r.name === e.name)?.expect ?? `${e.name} IS NOT NULL`, threshold: e.name === 'plausible' ? 'fail_if > 5 %' : undefined,
        history: [...Array.from({ length: 29 }, () => 0.997 + 0.003 * n()), e.passed / (e.passed + e.failed)],
      })),
    })),
  };
}

/** A pipeline with all of its documents. */
function deployment(head, tables, runs, flows, more = {}) {
  const failed = tables.filter((t) => t.state === 'failed').map((t) => t.name);
  const row = {
    pipeline: head.pipeline, file: `${head.pipeline}/pipeline.yml`, commit: '3f9a2c17d0e4b1', target: 'prod', state: 'succeeded', doing: 'idle', paused: false, next: { at: iso(T0 + 240_000), cause: 'interval' },
    freshness: { lag_seconds: 14, warn_after: 600, error_after: 3600, state: 'fresh' }, rows_per_second: wave(head.seed, head.rate), tables: tables.length, failing: failed, reload_error: null, run: runs[0] ?? null, last_runs: marks(runs), ...head,
  };
  const datasets = tables.map((t) => ({ flows: undefined, ...t }));
  return { row, document: { ...row, trigger: head.trigger ?? 'every 10 minutes', datasets, edges: edgesOf(tables) }, tables, runs, flows, ...more };
}

export function site() {
  const iot = iotRuns();
  const orders = [run(451, 'failed', { ago: 402, ms: 3700, more: { error: `orders_silver: ${ordersError}` } }), ...Array.from({ length: 20 }, (_, i) => run(450 - i, i === 2 ? 'failed' : 'completed', { ago: 1000 + i * 3600, ms: 3000 + i * 90 }))];
  const wide = wideTables();
  const wideRuns = Array.from({ length: 50 }, (_, i) => run(50 - i, 'completed', { ago: 600 * (i + 1), ms: 60_000 + 997 * i }));
  const clicks = [run(9, 'running', { ago: 21, open: true, more: { cause: 'continuous' } }), run(8, 'completed', { ago: 9000, ms: 700_000 })];
  const n = numbers(5);
  const pipelines = {
    iot: deployment({ pipeline: 'iot', description: 'Device readings, cleaned and counted per ten minutes', state: 'degraded', seed: 5, rate: 61_000 }, iotTables, iot, iotFlows, {
      events: iotEvents(), batches: iotBatches(),
      advice: [{ flow: 'readings_silver', table: 'readings_silver', kind: 'falling_behind', message: 'more rows come in than are processed: 41k/s against 33k/s', command: 'smelt status' }],
      quarantines: [{ table: 'readings_silver', quarantine: 'readings_silver__quarantine', rows: 68, undecodable: 3, rules: { plausible: 42, has_device: 26 }, newest: ago(56) }],
      grid: gridOf(iotTables, iot.slice(0, 50), (t, r) => (r.state === 'failed' ? (t.layer === 'bronze' ? 'succeeded' : t.layer === 'silver' ? 'failed' : 'skipped') : t.name === 'alerts' && r.number < 80 ? null : t.name === 'readings_silver' && r.warnings ? 'succeeded_with_warnings' : t.name === 'sites_daily' && r.number % 6 ? 'idle' : 'succeeded')),
    }),
    orders: deployment({ pipeline: 'orders', description: 'Orders to revenue per customer', state: 'failed', seed: 9, rate: 800, freshness: { lag_seconds: 4600, warn_after: 900, error_after: 3600, state: 'error' }, reload_error: 'orders/pipeline.yml:41:21: error[SM0203]: column "tempratur" not found in orders_bronze', next: { at: iso(T0 + 30_000), cause: 'retry' } }, ordersTables, orders, ordersFlows, {
      grid: gridOf(ordersTables, orders, (t, r) => (r.state !== 'failed' ? 'succeeded' : t.state)),
    }),
    clicks: deployment({ pipeline: 'clicks', description: 'Sessions of visitors, as they click', state: 'running', doing: 'running', seed: 21, rate: 2400, next: null, trigger: 'continuous', freshness: { lag_seconds: 700, warn_after: 600, error_after: 3600, state: 'warn' } }, [
      { name: 'clicks', kind: 'source', type: 'kafka', reads: [] }, { name: 'visits', kind: 'streaming_table', layer: 'silver', state: 'running', reads: ['clicks'], counters: counters({ read: 80_000, written: 1200, combined: 78_800 }) },
    ], clicks, [{ flow: 'visits', table: 'visits', state: 'running', batches: 4, started: ago(20), counters: counters({ read: 80_000, written: 1200, combined: 78_800 }), expectations: [] }], {
      grid: gridOf([{ name: 'visits', layer: 'silver', kind: 'streaming_table' }], clicks, () => 'running'),
    }),
    archive: deployment({ pipeline: 'archive', description: '', state: 'never_run', seed: 2, rate: 0, paused: true, paused_by: 'ops', freshness: null, rows_per_second: [], next: null }, [{ name: 'old', kind: 'source', type: 'files', reads: [] }, { name: 'old_bronze', kind: 'streaming_table', layer: 'bronze', state: 'never_run', reads: ['old'] }], [], [], { grid: { runs: [], tables: [] } }),
    wide: deployment({ pipeline: 'wide', description: 'Five hundred tables', state: 'degraded', seed: 31, rate: 512_000 }, wide, wideRuns, wide.slice(1).map((t, i) => ({ flow: t.name, table: t.name, ...(t.state === 'never_run' ? {} : { phases_us: phases(900), cpu_us: 400_000 }), state: t.state === 'never_run' ? 'excluded' : t.state, ...(t.state === 'failed' ? { error: 'the disk is full' } : {}), started: ago(600 - i * 0.1), ended: ago(599 - i * 0.1), duration_ms: 1000, counters: t.counters, expectations: t.expectations })), {
      grid: gridOf(wide, wideRuns, (t) => (n() < 0.9 ? 'succeeded' : t.state)),
    }),
  };
  for (const p of Object.values(pipelines)) p.quality = qualityOf(p.tables, 13);
  const attention = [
    { kind: 'failed', pipeline: 'orders', table: 'orders_silver', message: `orders_silver fails: ${ordersError}`, command: 'smelt retry 451 --failed', href: 'p/orders/r/451', act: 'retry' },
    { kind: 'reload', pipeline: 'orders', message: 'The files of orders have changed and are invalid; the plan of 3f9a2c1 stays in force', command: 'smelt validate orders/pipeline.yml', href: 'p/orders/graph' },
    { kind: 'quarantine', pipeline: 'iot', table: 'readings_silver', count: 68, message: '68 rows of readings_silver are set aside, the oldest for 3 days', command: 'smelt quarantine show readings_silver', href: 'p/iot/t/readings_silver/quarantine' },
    { kind: 'stale', pipeline: 'clicks', message: 'clicks is 11 min 40 s behind; 10 min are allowed', command: 'smelt status', href: 'p/clicks/streaming' },
  ];
  return { pipelines, overview: { sentence: 'orders_silver failing since 08:57, 2 tables behind it', state: 'failed', now: iso(T0), pipelines: Object.values(pipelines).map((p) => p.row), attention } };
}

// ---- single documents ---------------------------------------------------------------------------

const versions = Array.from({ length: 14 }, (_, i) => ({ version: 41 - i, time: ago(60 + i * 600), operation: 'STREAMING UPDATE', rows: 119_000 + i * 13, bytes: 1_290_000 + i * 977, files: 1 }));

export function dataset(p, name) {
  const t = p.tables.find((x) => x.name === name);
  if (!t) return null;
  const down = edgesOf(p.tables).filter((e) => e.from === name).map((e) => e.to);
  return {
    ...t, known: true, columns: columns.map((c, i) => ({ ...c, nulls: i === 0 ? 0.0022 : 0, distinct: 40 * (i + 1), min: i === 2 ? -12.5 : undefined, max: i === 2 ? 58.9 : undefined })), upstream: t.reads, downstream: down, path: `/data/lake/iot/${name}`, rows: 4_120_331, bytes: 48_000_213,
    expectations: t.expectations ? (t.expectations.length === 3 ? rules : t.expectations.map((e) => ({ name: e.name, expect: `${e.name} > 0`, on_violation: e.policy }))) : [],
    flows: t.kind === 'source' ? [] : [{ name, writes: 'append', inputs: t.reads.map((r) => ({ name: r, mode: 'stream' })), sql: `SELECT device_id, event_timestamp, temperature, humidity, battery, site\nFROM STREAM(${t.reads[0]})\n`, compiled: `SELECT device_id, event_timestamp, temperature, humidity, battery, site\nFROM _smelt_in_0 AS "${t.reads[0]}"` }],
  };
}

export const history = () => versions;
export const preview = () => ({ columns, rows: Array.from({ length: 12 }, (_, i) => Object.values(sample(i))), truncated: true });
export const aside = (rule) => {
  const rows = Array.from({ length: 24 }, (_, i) => asideRow(i)).filter((r) => !rule || r.rules[0].name === rule);
  return { table: 'readings_silver', quarantine: 'readings_silver__quarantine', total: 68, rows, truncated: true };
};

export const checkpoints = (p) => ({
  checkpoints: p.flows.map((f, i) => ({
    flow: f.flow, table: f.table, state: f.state === 'skipped' ? 'none' : 'done', generation: `47191263-7159-4809-8d3b-b9ae3503db${10 + (i % 80)}`, number: i === 1 ? 2 : 1, why: i === 1 ? 'full_refresh' : 'first', next: 42, batch: 41, decided: f.ended ?? ago(60),
    offsets: i === 0 ? { readings: { seq: 1204, mtime_ns: 1795925370795139605 } } : { readings_bronze: { table_id: '8fd5dfc5', version: 41, index: -1 } },
    lag: i === 0 ? { readings: { files: 12, bytes: 83_000, seconds: 40 } } : { readings_bronze: { rows: 0, files: 0, bytes: 0, versions: 0, seconds: 0 } },
    ...(i === 2 ? { watermark: { readings_silver: '2026-03-02T08:58:12Z' }, stages: [{ stage: 'aggregate_1', kind: 'aggregate', keys: ['w', 'device_id'], rows: 24_110, files: 3, bytes: 412_000, oldest: '2026-03-02T08:50:00Z' }] } : {}),
  })),
});
export const checkpoint = (p, flow) => ({
  ...checkpoints(p).checkpoints.find((c) => c.flow === flow),
  generations: [{ generation: '47191263-7159', number: 1, why: 'first', current: false }, { generation: '5a191263-7159', number: 2, why: 'full_refresh', current: true }],
  batches: (p.batches ?? []).filter((b) => b.flow === flow).slice(0, 12),
});
export const tokens = [
  { id: 'tk_7f31', name: 'first login', role: 'admin', created: ago(86_400 * 20), used: ago(30), expires: iso(T0 + 86_400_000 * 70) },
  { id: 'tk_a902', name: 'ci', role: 'operator', created: ago(86_400 * 3), used: ago(4000), expires: iso(T0 + 86_400_000 * 87) },
  { id: 'tk_b001', name: 'wall screen', role: 'viewer', created: ago(86_400 * 30), expires: iso(T0 + 86_400_000 * 60), revoked: ago(1000) },
];
export const audit = ['startRun', 'discardQuarantine', 'previewDataset', 'pausePipeline'].map((act, i) => ({
  id: 40 - i, time: ago(60 * (i + 1)), by: 'tk_a902', address: '10.0.0.7', act, pipeline: 'iot', subject: i === 1 ? 'readings_silver' : undefined, outcome: i === 0 ? null : 'done', duration_ms: 12,
}));
