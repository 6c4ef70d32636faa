// SPDX-License-Identifier: Apache-2.0
// set_aside.js -- rows of a quarantine: in groups by rule, with the columns that a rule speaks of.  Pure.

/** @typedef {{name: string, rows: number, expect?: string, first?: string, last?: string}} Group */

/** Counts come from the list of quarantines, words and times from the rows at hand.
 * @param {any} mine of the list @param {any} d rows @returns {Group[]} the most rows first */
export function groupsOf(mine, d) {
  /** @type {Map<string, Group>} */
  const out = new Map();
  for (const [name, of] of Object.entries(mine?.rules ?? {})) {
    const more = typeof of === 'number' ? { rows: of } : /** @type {any} */ (of);
    out.set(name, { name, rows: more.rows ?? 0, first: more.first, last: more.last, expect: more.expect });
  }
  for (const r of d?.rows ?? [])
    for (const rule of r.rules ?? []) {
      const g = out.get(rule.name);
      if (g) g.expect ??= rule.expect;
    }
  return [...out.values()].sort((a, b) => b.rows - a.rows || (a.name < b.name ? -1 : 1));
}

/** All columns of the rows, in the order in which they first come. @param {any[]} rows @returns {string[]} */
export function columnsOf(rows) {
  const out = new Set();
  for (const r of rows) for (const name of Object.keys(r.row ?? { path: 1, line: 1, raw: 1 })) out.add(name);
  return [...out];
}

/** What may be a column in an expression: words outside of texts. @param {string} expect @returns {string[]} */
export const namesIn = (expect) =>
  [...expect.replace(/'(?:[^']|'')*'/g, ' ').matchAll(/"((?:[^"]|"")+)"|[A-Za-z_]\w*/g)].map((m) => m[1] ?? m[0]);
