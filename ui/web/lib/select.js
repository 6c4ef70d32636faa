// SPDX-License-Identifier: Apache-2.0
// select.js -- datasets: which fit a filter, and what one line says of each.  Pure.

import { passShare, sum } from './account.js';
import { groups, stateOf } from './states.js';

/** @typedef {{find: string, layer: string, tag: string, state: string}} Filter */

/** @param {URLSearchParams} query @returns {Filter} */
export const filterOf = (query) => ({
  find: query.get('find') ?? '',
  layer: query.get('layer') ?? '',
  tag: query.get('tag') ?? '',
  state: query.get('state') ?? '',
});

/** @param {any} d @param {Filter} f */
export function fits(d, f) {
  if (f.find && !d.name.toLowerCase().includes(f.find.toLowerCase())) return false;
  if (f.layer && (d.layer ?? '') !== f.layer) return false;
  if (f.tag && !tagsOf(d).includes(f.tag)) return false;
  const group = groups.find(([key]) => key === f.state);
  return !group || group[2](stateOf(d.state));
}

/** Tags are a list, or names with values. @param {any} d @returns {string[]} */
export const tagsOf = (d) =>
  Array.isArray(d.tags) ? d.tags : Object.entries(d.tags ?? {}).map(([k, v]) => (v ? `${k}=${v}` : k));

/** Counters of a dataset: its own, or those of its flows. @param {any} d */
export const countersOf = (d) =>
  d.counters ?? (d.flows ? sum(d.flows.map((/** @type {any} */ f) => f.counters)) : undefined);

/** Seconds since it was written, where its file says how many are allowed. @param {any} d @returns {number | undefined} */
export const lagOf = (d) => d.freshness?.lag_seconds ?? d.lag_seconds;

/** @param {any} d @returns {number | null} */
export const passOf = (d) =>
  d.pass_share ??
  (d.expectations?.some((/** @type {any} */ e) => e.passed !== undefined) ? passShare(d.expectations) : null);

/** Those that a person made: what stands beside a table has a page of its own. @param {any[] | undefined} list */
export const tablesOf = (list) => (list ?? []).filter((d) => d.kind !== 'quarantine' && d.kind !== 'late_rows');

/** What stands before and behind, by name. @param {{from: string, to: string}[]} edges */
export function neighbours(edges) {
  /** @type {Map<string, {up: string[], down: string[]}>} */
  const out = new Map();
  const of = (/** @type {string} */ n) => {
    let found = out.get(n);
    if (!found) out.set(n, (found = { up: [], down: [] }));
    return found;
  };
  for (const e of edges) {
    of(e.from).down.push(e.to);
    of(e.to).up.push(e.from);
  }
  return out;
}

/** Names from sources to sinks, so that each stands behind what it reads.
 * @param {{name: string}[]} nodes @param {{from: string, to: string}[]} edges @returns {Map<string, number>} depth of each */
export function depths(nodes, edges) {
  const near = neighbours(edges);
  /** @type {Map<string, number>} */
  const out = new Map();
  /** @type {(name: string, seen: Set<string>) => number} */
  const depth = (name, seen) => {
    const known = out.get(name);
    if (known !== undefined) return known;
    if (seen.has(name)) return 0;
    seen.add(name);
    const d = Math.max(-1, ...(near.get(name)?.up ?? []).map((u) => depth(u, seen))) + 1;
    out.set(name, d);
    return d;
  };
  for (const n of nodes) depth(n.name, new Set());
  return out;
}
