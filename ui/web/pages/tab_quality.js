// SPDX-License-Identifier: Apache-2.0
// tab_quality.js -- tables and their rules: how many rows pass, how that went over the last runs, and
// what got worse first.

import { useDoc } from '../lib/docs.js';
import { count, percent, plural } from '../lib/format.js';
import { regressions } from '../lib/quality.js';
import { doc, to } from '../lib/route.js';
import { setQuery } from '../lib/router.js';
import { Choice, Command, Empty, Head, Link, Search, Shown, When } from '../parts/bits.js';
import { html } from '../parts/html.js';
import { Change, Layer, Share, Spark } from '../parts/marks.js';
import { Table } from '../parts/table.js';

/** @param {string} pipeline @returns {import('../parts/table.js').Column[]} */
const columns = (pipeline) => [
  {
    key: 'table',
    head: 'Table',
    first: true,
    sort: (r) => r.table,
    cell: (r) => html`<${Link} to=${to.table(pipeline, r.table)} class="strong">${r.table}</${Link}>`,
  },
  { key: 'rule', head: 'Rule', sort: (r) => r.name, cell: (r) => html`<span title=${r.expect}>${r.name}</span>` },
  {
    key: 'policy',
    head: 'Otherwise',
    sort: (r) => r.policy,
    cell: (r) => html`<span class=${`policy policy-${r.policy}`}>${r.policy}</span>`,
  },
  { key: 'share', head: 'Pass', sort: (r) => r.share, cell: (r) => html`<${Share} share=${r.share} />` },
  { key: 'failed', head: 'Failed', num: true, sort: (r) => r.failed, cell: (r) => count(r.failed) },
  {
    key: 'trend',
    head: 'Last runs',
    cell: (r) => html`<${Spark} values=${r.history} high=${1}
    low=${Math.min(0.99, ...r.history.filter((v) => v !== null))}
    label=${`pass share over ${plural(r.history.length, 'run')}`} />`,
  },
  {
    key: 'change',
    head: 'Change',
    num: true,
    sort: (r) => r.change,
    cell: (r) => html`<${Change} by=${r.change} />`,
  },
  {
    key: 'limit',
    head: 'Limit',
    sort: (r) => r.threshold,
    cell: (r) => html`<span class="dim">${r.threshold ?? '–'}
    </span>`,
  },
];

/** @param {number | null} share */
const howMany = (share) => (share === null ? 'none' : share === 1 ? 'full' : share >= 0.99 ? 'most' : 'less');

/** One row a table, one mark a rule. @param {{pipeline: string, tables: any[]}} p */
function Matrix({ pipeline, tables }) {
  return html`<div class="scroll-x" tabindex="0" role="region" aria-label="Tables and rules"><table class="matrix">
    <thead><tr><th scope="col">Table</th><th scope="col">Layer</th><th scope="col">Rules</th>
    <th scope="col" class="num">Quarantine</th></tr></thead>
    <tbody>${tables.map(
      (t) => html`<tr key=${t.name} data-row><th scope="row">
      <${Link} to=${to.table(pipeline, t.name)}>${t.name}</${Link}></th><td><${Layer} name=${t.layer} /></td>
      <td><ul class="rule-cells">${t.rules.map(
        (r) => html`<li key=${r.name}
        class=${`rule-cell rule-${howMany(r.share)}`}
        title=${`${r.expect ?? r.name}: ${count(r.failed)} failed, otherwise ${r.policy}`}>
        <span>${r.name}</span><span class="num">${percent(r.share)}</span></li>`,
      )}</ul></td>
      <td class="num">${
        t.set_aside
          ? html`<${Link} to=${to.quarantine(pipeline, t.name)}>${count(t.set_aside)}
        </${Link}>${t.oldest ? html`<span class="under"><${When} at=${t.oldest} /></span>` : null}`
          : html`<span class="dim">–</span>`
      }</td></tr>`,
    )}</tbody></table></div>`;
}

/** @param {{pipeline: string, query: URLSearchParams}} p */
export function Quality({ pipeline, query }) {
  const look = useDoc(doc.of(pipeline, 'quality'));
  const find = query.get('find') ?? '';
  const as = query.get('as') === 'matrix' ? 'matrix' : '';
  return html`<${Shown} doc=${look} what="Quality">${(d) => {
    const { tables, rules } = regressions(d);
    const fits = (...names) => names.some((n) => n.toLowerCase().includes(find.toLowerCase()));
    if (rules.length === 0)
      return html`<${Empty} title="No table has expectations">
      <p>A rule is one line below a table: <code>expectations: {positive: amount > 0}</code></p></${Empty}>`;
    const worse = rules.filter((r) => r.change !== null && r.change < -1e-9);
    return html`<div class="filters"><${Search} label="Find a table or a rule" value=${find}
      onInput=${(t) => setQuery({ find: t })} />
      <${Choice} label="Shown as" value=${as} options=${[
        ['', 'Rules'],
        ['matrix', 'Matrix'],
      ]}
        onPick=${(v) => setQuery({ as: v })} /><span class="dim filters-count">
        ${worse.length === 0 ? 'no rule got worse' : `${plural(worse.length, 'rule')} got worse with the last run`}
        </span></div>
      ${
        as === 'matrix'
          ? html`<${Matrix} pipeline=${pipeline}
        tables=${tables.filter((t) => fits(t.name, ...t.rules.map((r) => r.name)))} />`
          : html`<${Table} label="Rules" columns=${columns(pipeline)}
            rows=${rules.filter((r) => fits(r.table, r.name))}
          id=${(r) => `${r.table}/${r.name}`} stack />`
      }
      ${
        tables.some((t) => t.set_aside)
          ? html`<${Head} level=${3} title="In quarantine" /><ul class="plain">
        ${tables
          .filter((t) => t.set_aside)
          .map(
            (t) => html`<li key=${t.name}>
        <${Link} to=${to.quarantine(pipeline, t.name)}>${t.name}: ${plural(t.set_aside, 'row')}</${Link}></li>`,
          )}
        </ul>`
          : null
      }
      <p class="dim same">The same from a terminal: <${Command} text=${`smelt status ${pipeline}`} /></p>`;
  }}</${Shown}>`;
}
