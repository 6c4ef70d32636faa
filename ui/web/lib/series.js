// SPDX-License-Identifier: Apache-2.0
// series.js -- batches as lines over time.  Pure.
//
// A batch counts at the moment it ended.  Buckets make one point of many batches, so that a chart
// has as many points as it can show, whatever the window.

/**
 * @typedef {{flow: string, table?: string, batch: number, timestamp?: string, decided?: string, done?: string, duration_ms?: number,
 *   counters?: Record<string, number>, phases_us?: Record<string, number>, watermark?: any, watermarks?: Record<string, string>, expectations?: any[], state?: any, lag?: any}} Batch
 * @typedef {{label: string, values: (number | null)[], tone: number, fill?: boolean}} Line
 * @typedef {{x: number[], lines: Line[]}} Chart x: seconds
 */

export const windows = /** @type {[string, string, number][]} */ ([
  ['15m', '15 min', 900],
  ['1h', '1 h', 3600],
  ['6h', '6 h', 21_600],
  ['24h', '24 h', 86_400],
  ['7d', '7 d', 604_800],
]);

const POINTS = 180;
const LEAST_POINTS = 24;

const end = (/** @type {Batch} */ b) => Date.parse(b.done ?? b.decided ?? b.timestamp ?? '') / 1000;
const tookS = (/** @type {Batch} */ b) => {
  if (b.duration_ms !== undefined) return b.duration_ms / 1000;
  const from = Date.parse(b.timestamp ?? '');
  return Number.isNaN(from) || Number.isNaN(end(b)) ? null : Math.max(0, end(b) - from / 1000);
};

/** @param {Batch[]} batches @param {number} now s @param {number} window s @param {number} width s */
function fill(batches, now, window, width) {
  const last = Math.ceil(now / width) * width;
  const n = Math.ceil(window / width);
  const x = Array.from({ length: n }, (_, i) => last - (n - 1 - i) * width);
  /** @type {Batch[][]} */
  const of = x.map(() => []);
  for (const b of batches) {
    const i = Math.ceil((end(b) - (last - n * width)) / width) - 1;
    if (i >= 0 && i < n) of[i].push(b);
  }
  return { x, of, width };
}

/** Equal buckets of the window, so wide that most of those between the first batch and the last have one:
 * else a steady stream would look like a comb. @param {Batch[]} batches @param {number} now s @param {number} window s */
export function bucketsOf(batches, now, window) {
  let width = Math.max(1, Math.ceil(window / POINTS));
  for (;;) {
    const out = fill(batches, now, window, width);
    const first = out.of.findIndex((l) => l.length > 0);
    const used = out.of.filter((l) => l.length > 0).length;
    let last = out.of.length - 1;
    while (last > first && out.of[last].length === 0) last--;
    if (first < 0 || used >= 0.8 * (last - first + 1) || out.x.length <= LEAST_POINTS) return out;
    width *= 2;
  }
}

/** @param {Batch[][]} of @param {(list: Batch[]) => number | null} f */
const each = (of, f) => of.map((list) => (list.length === 0 ? null : f(list)));
const total = (/** @type {Batch[]} */ list, /** @type {string} */ key) =>
  list.reduce((n, b) => n + (b.counters?.[key] ?? 0), 0);
/** Nothing that came is nought, not unknown. @param {Batch[][]} of @param {string} key @param {number} per */
const rates = (of, key, per) => of.map((list) => total(list, key) / per);

/** @param {(number | null)[]} values */
const has = (values) => values.some((v) => v !== null && v !== 0);

/** Names that occur, in their order. @param {Batch[]} batches @param {(b: Batch) => string[]} f */
const names = (batches, f) => [...new Set(batches.flatMap(f))];

const stacked = /** @type {[string, string][]} */ ([
  ['written', 'written'],
  ['dropped', 'dropped'],
  ['quarantined', 'quarantined'],
  ['late', 'late'],
  ['duplicate', 'duplicate'],
  ['undecodable', 'undecodable'],
]);

const marksOf = (/** @type {Batch} */ b) => {
  const w = b.watermarks ?? b.watermark;
  const text =
    typeof w === 'string'
      ? w
      : w && typeof w === 'object'
        ? Object.values(w)
            .filter((v) => typeof v === 'string')
            .sort()[0]
        : undefined;
  return text === undefined
    ? NaN
    : Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(text) ? text : `${text.replace(' ', 'T')}Z`) / 1000;
};

/**
 * All charts of a document, those without values too (lines: []).
 * @param {{batches?: Batch[]}} doc @param {number} now s @param {number} window s @param {string} [flow] only of this one
 * @returns {{key: string, title: string, unit: 'rate' | 'rows' | 'ms' | 'lag' | 'bytes' | 'percent' | 'count', stack?: boolean, chart: Chart}[]}
 */
export function chartsOf(doc, now, window, flow) {
  const batches = (doc.batches ?? []).filter((b) => !flow || b.flow === flow);
  const { x, of, width } = bucketsOf(batches, now, window);
  const flows = names(batches, (b) => [b.flow]).slice(0, 8);
  /** @param {string} label @param {(number | null)[]} values @param {number} tone @param {boolean} [fill] @returns {Line} */
  const line = (label, values, tone, fill) => ({ label, values, tone, fill });
  /** @param {(number | null)[][]} all */
  const some = (...all) => all.some(has);
  const perFlow = (/** @type {(list: Batch[]) => number | null} */ f) =>
    flows.map((name, i) =>
      line(
        name,
        each(
          of.map((l) => l.filter((b) => b.flow === name)),
          f,
        ),
        i,
      ),
    );
  const read = rates(of, 'read', width);
  const done = each(of, (l) => {
    const s = l.reduce((n, b) => n + (tookS(b) ?? 0), 0);
    return s > 0 ? total(l, 'read') / s : null;
  });
  const phases = names(batches, (b) => Object.keys(b.phases_us ?? {}));
  const rules = names(batches, (b) =>
    (b.expectations ?? []).filter((e) => e.failed > 0).map((e) => `${b.table ?? b.flow}: ${e.name}`),
  ).slice(0, 8);
  const rowLines = stacked
    .map(([key, word], i) =>
      line(
        word,
        of.map((l) => total(l, key)),
        i,
        true,
      ),
    )
    .filter((l) => has(l.values));
  const gap = perFlow((l) => {
    const marks = l.map((b) => end(b) - marksOf(b)).filter((v) => !Number.isNaN(v));
    return marks.length ? Math.max(...marks) * 1000 : null;
  }).filter((l) => has(l.values));
  const lagS = perFlow((l) => {
    const known = l.map((b) => b.lag?.seconds).filter((v) => typeof v === 'number');
    return known.length ? Math.max(...known) * 1000 : null;
  }).filter((l) => has(l.values));
  const lagRows = perFlow((l) => {
    const known = l.map((b) => b.lag?.rows).filter((v) => typeof v === 'number');
    return known.length ? Math.max(...known) : null;
  }).filter((l) => has(l.values));
  const keep = (/** @type {Line[]} */ lines) => (some(...lines.map((l) => l.values)) ? lines : []);
  /** @param {string} key @param {string} title @param {any} unit @param {Line[]} lines @param {boolean} [stack] */
  const chart = (key, title, unit, lines, stack) => ({ key, title, unit, stack, chart: { x, lines: keep(lines) } });
  return [
    chart('rates', 'Rows that came, rows that can be processed', 'rate', [
      line('came in', read, 0),
      line('processed while running', done, 1),
    ]),
    chart('lag', 'Behind the source', 'lag', lagS),
    chart('lag_rows', 'Rows that wait in the source', 'rows', lagRows),
    chart('watermark', 'Watermark gap: now minus watermark', 'lag', gap),
    phases.length
      ? chart(
          'duration',
          'Batch duration by phase',
          'ms',
          phases.map((p, i) =>
            line(
              p,
              each(of, (l) => l.reduce((n, b) => n + (b.phases_us?.[p] ?? 0), 0) / l.length / 1000),
              i,
              true,
            ),
          ),
          true,
        )
      : chart(
          'duration',
          'Batch duration',
          'ms',
          perFlow((l) => {
            const s = l.map(tookS).filter((v) => v !== null);
            return s.length ? Math.max(.../** @type {number[]} */ (s)) * 1000 : null;
          }),
        ),
    chart('rows', 'Where the rows went', 'rows', rowLines, true),
    chart(
      'rules',
      'Rows that break a rule',
      'percent',
      rules.map((r, i) =>
        line(
          r,
          each(of, (l) => {
            let passed = 0;
            let failed = 0;
            for (const b of l)
              for (const e of b.expectations ?? [])
                if (`${b.table ?? b.flow}: ${e.name}` === r) {
                  passed += e.passed;
                  failed += e.failed;
                }
            return passed + failed > 0 ? failed / (passed + failed) : null;
          }),
          i,
        ),
      ),
    ),
    chart(
      'state',
      'Rows remembered',
      'rows',
      perFlow((l) => {
        const s = l.map((b) => b.state?.rows).filter((v) => typeof v === 'number');
        return s.length ? s[s.length - 1] : null;
      }).filter((l) => has(l.values)),
    ),
    chart(
      'bytes',
      'Bytes per commit',
      'bytes',
      perFlow((l) => total(l, 'bytes_out') / l.length),
    ),
    chart(
      'files',
      'Files read',
      'count',
      perFlow((l) => total(l, 'files_in')),
    ),
  ];
}

/** Values on top of each other, for drawing. @param {Line[]} lines @returns {(number | null)[][]} */
export function stackUp(lines) {
  /** @type {(number | null)[][]} */
  const out = [];
  lines.forEach((l, i) => out.push(l.values.map((v, j) => (v ?? 0) + (i > 0 ? (out[i - 1][j] ?? 0) : 0))));
  return out;
}
