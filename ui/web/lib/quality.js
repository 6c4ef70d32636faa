// SPDX-License-Identifier: Apache-2.0
// quality.js -- the document of quality as rows: what passes, and what got worse.  Pure.

/** Pass share of counts; a share is taken as it is. @param {any} x */
export function shareOf(x) {
  if (x === null || x === undefined) return null;
  if (typeof x === 'number') return x;
  const all = (x.passed ?? 0) + (x.failed ?? 0);
  return all > 0 ? x.passed / all : null;
}

/** @param {any} d @returns {{tables: any[], rules: any[]}} rules: the worst change first, then the lowest share */
export function regressions(d) {
  const tables = (d.tables ?? []).map((/** @type {any} */ t) => ({
    ...t,
    set_aside: t.quarantine?.rows ?? t.quarantined ?? 0,
    oldest: t.quarantine?.oldest,
    rules: (t.expectations ?? []).map((/** @type {any} */ e) => {
      const history = (e.history ?? []).map(shareOf);
      const known = history.filter((/** @type {number | null} */ v) => v !== null);
      const share = shareOf(e) ?? known.at(-1) ?? null;
      const before = known.length > 1 ? known[known.length - 2] : null;
      return {
        table: t.name,
        name: e.name,
        expect: e.expect,
        policy: e.policy ?? e.on_violation,
        threshold: e.threshold,
        failed: e.failed ?? 0,
        share,
        history,
        change: share !== null && before !== null ? share - before : null,
      };
    }),
  }));
  const rules = tables.flatMap((/** @type {any} */ t) => t.rules);
  rules.sort(
    (/** @type {any} */ a, /** @type {any} */ b) =>
      (a.change ?? 0) - (b.change ?? 0) || (a.share ?? 2) - (b.share ?? 2),
  );
  return { tables: tables.filter((/** @type {any} */ t) => t.rules.length > 0 || t.set_aside > 0), rules };
}
