// SPDX-License-Identifier: Apache-2.0
// tab_list.js -- the datasets as a table: the graph for those who read rather than look.

import { bytes, compact, count, lag, plural, rate } from '../lib/format.js';
import { to } from '../lib/route.js';
import { countersOf, filterOf, fits, passOf, lagOf, tablesOf } from '../lib/select.js';
import { stateOf } from '../lib/states.js';
import { Empty, Link, When } from '../parts/bits.js';
import { Filters } from '../parts/filters.js';
import { html } from '../parts/html.js';
import { Mark } from '../parts/mark.js';
import { AccountBar, FreshBar, Layer, Share } from '../parts/marks.js';
import { Table } from '../parts/table.js';

/** @param {string} pipeline @returns {import('../parts/table.js').Column[]} */
const columns = (pipeline) => [
  {
    key: 'name',
    head: 'Table',
    first: true,
    sort: (d) => d.name,
    cell: (d) => html`<${Link}
    to=${to.table(pipeline, d.name)} class="strong" title=${d.place ? `${d.place.file}:${d.place.line}` : undefined}>
    ${d.name}</${Link}>${d.reason ? html`<span class="under">${d.reason}</span>` : null}`,
  },
  {
    key: 'state',
    head: 'State',
    sort: (d) => (d.kind === 'source' ? null : -stateOf(d.state).rank),
    cell: (d) => (d.kind === 'source' ? html`<span class="dim">source</span>` : html`<${Mark} name=${d.state} />`),
  },
  { key: 'layer', head: 'Layer', sort: (d) => d.layer, cell: (d) => html`<${Layer} name=${d.layer} />` },
  {
    key: 'kind',
    head: 'Kind',
    sort: (d) => d.kind,
    cell: (d) => html`<span class="dim">
    ${String(d.kind ?? '').replaceAll('_', ' ')}</span>`,
  },
  {
    key: 'rows',
    head: 'Written',
    num: true,
    sort: (d) => countersOf(d)?.written,
    cell: (d) => count(countersOf(d)?.written),
  },
  {
    key: 'account',
    head: 'Rows of the last batches',
    sort: (d) => countersOf(d)?.read,
    cell: (d) => html`<${AccountBar} counters=${countersOf(d)} />`,
  },
  { key: 'rate', head: 'Rows/s', num: true, sort: (d) => d.rows_per_second, cell: (d) => rate(d.rows_per_second) },
  { key: 'pass', head: 'Rules pass', sort: (d) => passOf(d), cell: (d) => html`<${Share} share=${passOf(d)} />` },
  { key: 'lag', head: 'Behind', num: true, sort: (d) => lagOf(d), cell: (d) => (d.freshness ? html`<${FreshBar} freshness=${d.freshness} />` : lag(lagOf(d))) },
  {
    key: 'size',
    head: 'Size',
    num: true,
    sort: (d) => d.bytes,
    cell: (d) =>
      d.rows === undefined
        ? '–'
        : html`<span title=${`${count(d.rows)} rows, ${bytes(d.bytes)}`}>${compact(d.rows)}</span>`,
  },
  {
    key: 'at',
    head: 'Changed',
    sort: (d) => d.written ?? d.changed,
    cell: (d) => html`<${When} at=${d.written ?? d.changed} />`,
  },
];

/** @param {{d: any, pipeline: string, query: URLSearchParams}} p */
export function List({ d, pipeline, query }) {
  const all = tablesOf(d.datasets);
  const f = filterOf(query);
  const rows = all.filter((x) => fits(x, f));
  const used = columns(pipeline).filter(
    (c) =>
      !['rate', 'lag', 'size', 'pass'].includes(c.key) ||
      all.some((x) => c.sort?.(x) !== undefined && c.sort?.(x) !== null),
  );
  return html`<${Filters} datasets=${all} query=${query}><span class="dim filters-count">
    ${rows.length === all.length ? plural(all.length, 'dataset') : `${rows.length} of ${plural(all.length, 'dataset')}`}</span></${Filters}>
    ${
      rows.length === 0
        ? html`<${Empty} title="No table fits these filters" />`
        : html`<${Table} label="Datasets"
      columns=${used} rows=${rows} id=${(x) => x.name} stack />`
    }`;
}
