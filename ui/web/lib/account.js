// SPDX-License-Identifier: Apache-2.0
// account.js -- where the rows of a flow went, and how rules did.  Pure.

/** @typedef {Record<string, number>} Counters */

/** The parts of the bar in their order: key of the counters, word, tone of its colour. */
export const parts = /** @type {const} */ ([
  ['written', 'written', 'ok'],
  ['combined', 'combined', 'fold'],
  ['in_state', 'kept in state', 'rose'],
  ['filtered', 'filtered', 'mute'],
  ['duplicate', 'duplicate', 'mute2'],
  ['dropped', 'dropped', 'warn'],
  ['quarantined', 'quarantined', 'set'],
  ['late', 'late', 'late'],
  ['undecodable', 'undecodable', 'bad'],
]);

/** What is there, with its share of all.  Expanded rows make the whole greater than what was read.
 * @param {Counters | undefined} c
 * @returns {{key: string, word: string, tone: string, rows: number, share: number}[]} */
export function accountOf(c) {
  if (!c) return [];
  const there = parts.map(([key, word, tone]) => ({ key, word, tone, rows: c[key] ?? 0 })).filter((p) => p.rows > 0);
  const all = there.reduce((sum, p) => sum + p.rows, 0);
  return there.map((p) => ({ ...p, share: p.rows / all }));
}

/** What a batch is at, in this order: key, tone of its colour. */
const phases = /** @type {const} */ ([
  ['plan', 'mute'],
  ['open', 'mute2'],
  ['read', 'late'],
  ['compute', 'ok'],
  ['sync', 'fold'],
  ['keep', 'set'],
  ['decide', 'warn'],
  ['publish', 'rose'],
]);

/** Where the time of batches went. @param {Record<string, number> | undefined} us
 * @returns {{all: number, parts: {key: string, tone: string, ms: number, share: number}[]}} */
export function phasesOf(us) {
  const there = phases.map(([key, tone]) => ({ key, tone, ms: (us?.[key] ?? 0) / 1000 })).filter((p) => p.ms > 0);
  const all = there.reduce((sum, p) => sum + p.ms, 0);
  return { all, parts: there.map((p) => ({ ...p, share: p.ms / all })) };
}

/** Counters of several flows, added. @param {(Counters | undefined)[]} list @returns {Counters} */
export function sum(list) {
  /** @type {Counters} */
  const out = {};
  for (const c of list)
    for (const [key, n] of Object.entries(c ?? {})) if (typeof n === 'number') out[key] = (out[key] ?? 0) + n;
  return out;
}

/** Pass share of a rule or of many; null when nothing was judged.
 * @param {{passed?: number, failed?: number}[]} rules @returns {number | null} */
export function passShare(rules) {
  let passed = 0;
  let failed = 0;
  for (const r of rules ?? []) {
    passed += r.passed ?? 0;
    failed += r.failed ?? 0;
  }
  return passed + failed > 0 ? passed / (passed + failed) : null;
}

/** Bars of a timeline as shares of the whole run.
 * @param {{started?: string, ended?: string}[]} flows @param {number} now ms
 * @returns {{from: number, to: number, span: number, bars: {left: number, width: number}[]}} */
export function timeline(flows, now) {
  const starts = flows.map((f) => Date.parse(f.started ?? '')).filter((t) => !Number.isNaN(t));
  const endOf = (/** @type {{ended?: string}} */ f) => (f.ended ? Date.parse(f.ended) : now);
  if (starts.length === 0) return { from: 0, to: 0, span: 0, bars: flows.map(() => ({ left: 0, width: 0 })) };
  const from = Math.min(...starts);
  const to = Math.max(from + 1, ...flows.filter((f) => f.started).map(endOf));
  const bars = flows.map((f) => {
    if (!f.started) return { left: 0, width: 0 };
    const left = (Date.parse(f.started) - from) / (to - from);
    return { left, width: Math.max(0, (endOf(f) - Date.parse(f.started)) / (to - from)) };
  });
  return { from, to, span: to - from, bars };
}

/** Ticks for an axis of so many ms: at most six, on round numbers. @param {number} span */
export function ticks(span) {
  if (!(span > 0)) return [];
  const steps = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 18e5, 36e5, 72e5, 216e5,
    864e5,
  ];
  const step = steps.find((s) => span / s <= 6) ?? Math.ceil(span / 6);
  const out = [];
  for (let t = 0; t <= span; t += step) out.push(t);
  return out;
}
