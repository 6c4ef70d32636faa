// SPDX-License-Identifier: Apache-2.0
// table.js -- one table: columns, expectations, history, some rows, what stands before and behind it.

import { useState } from 'preact/hooks';
import { ApiError, get } from '../lib/api.js';
import { command } from '../lib/command.js';
import { useDoc } from '../lib/docs.js';
import { bytes, cell, count, csv, percent, plural } from '../lib/format.js';
import { doc, to } from '../lib/route.js';
import { may, useMe } from '../lib/session.js';
import { countersOf, tablesOf } from '../lib/select.js';
import { askFullRefresh, askRunSelected } from '../parts/acts.js';
import { Command, Empty, Facts, Failure, Head, Link, Menu, Shown, useTitle, When } from '../parts/bits.js';
import { html } from '../parts/html.js';
import { Mark } from '../parts/mark.js';
import { AccountBar, Layer, Share } from '../parts/marks.js';

/** @param {{list: any[]}} p */
export function Columns({ list }) {
  const profiled = list.some((c) => c.nulls !== undefined || c.min !== undefined);
  const commented = list.some((c) => c.comment ?? c.description);
  return html`<div class="scroll-x" tabindex="0" role="region" aria-label="Columns"><table class="table"><thead><tr>
    <th scope="col">Column</th><th scope="col">Type</th>${
      profiled
        ? html`<th scope="col" class="num">NULL</th>
    <th scope="col" class="num">Distinct</th><th scope="col">Least</th>
    <th scope="col">Greatest</th>`
        : null
    }${commented ? html`<th scope="col">Means</th>` : null}</tr></thead>
    <tbody>${list.map(
      (c) => html`<tr key=${c.name}><th scope="row"><code>${c.name}</code></th><td><code class="dim">
      ${c.type ?? c.data_type}</code></td>
      ${
        profiled
          ? html`<td class="num">${percent(c.nulls)}</td><td class="num">${count(c.distinct)}</td><td>
        ${c.min === undefined ? '–' : cell(c.min)}</td><td>${c.max === undefined ? '–' : cell(c.max)}
        </td>`
          : null
      }${commented ? html`<td>${c.comment ?? c.description ?? ''}</td>` : null}</tr>`,
    )}</tbody></table>
        </div>`;
}

/** @param {{list: any[], results?: any[]}} p */
export function Rules({ list, results }) {
  const of = new Map((results ?? []).map((r) => [r.name, r]));
  return html`<div class="scroll-x" tabindex="0" role="region" aria-label="Expectations"><table class="table"><thead>
    <tr><th scope="col">Rule</th><th scope="col">Otherwise</th><th scope="col">Pass</th>
    <th scope="col" class="num">Failed</th></tr></thead>
    <tbody>${list.map((e) => {
      const r = of.get(e.name);
      const all = (r?.passed ?? 0) + (r?.failed ?? 0);
      return html`<tr key=${e.name}><th scope="row">${e.name}<code class="under">${e.expect}</code></th><td>
        <span class=${`policy policy-${e.on_violation}`}>${e.on_violation}</span></td><td>
        <${Share} share=${all > 0 ? r.passed / all : null} /></td><td class="num">${r ? count(r.failed) : '–'}</td>
        </tr>`;
    })}</tbody></table></div>`;
}

/** SQL as written and as compiled. @param {{flows: any[]}} p */
export function Sql({ flows }) {
  return html`${flows
    .filter((f) => f.sql)
    .map(
      (f) => html`<div key=${f.name} class="sql">
    ${flows.length > 1 ? html`<h4>${f.name}</h4>` : null}<pre tabindex="0" aria-label=${`SQL of ${f.name}`}><code>
    ${f.sql.trimEnd()}</code></pre>
    ${
      f.compiled
        ? html`<details><summary>As compiled</summary><pre tabindex="0"
      aria-label=${`SQL of ${f.name} as compiled`}><code>${f.compiled}</code></pre></details>`
        : null
    }</div>`,
    )}`;
}

/** Rows, one cell a value. @param {{d: any, label: string}} p */
export function Rows({ d, label }) {
  if (d.rows.length === 0) return html`<p class="dim">There are no rows.</p>`;
  return html`<div class="scroll-x rows" tabindex="0" role="region" aria-label=${label}><table class="table"><thead>
    <tr>${d.columns.map(
      (c) => html`<th key=${c.name} scope="col">${c.name}<span class="under">${c.type}</span>
    </th>`,
    )}</tr></thead>
    <tbody>${d.rows.map(
      (r, i) => html`<tr key=${i}>
      ${r.map(
        (v, j) => html`<td key=${j} class=${v === null ? 'null' : typeof v === 'number' ? 'num' : ''}>${cell(v)}
      </td>`,
      )}</tr>`,
    )}</tbody></table></div>`;
}

/** @param {string} name @param {string} text */
export function save(name, text) {
  const a = document.createElement('a');
  a.href = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  a.download = name;
  a.click();
  URL.revokeObjectURL(a.href);
}

/** Rows are asked for by hand: looking at them is written down. @param {{pipeline: string, table: string}} p */
function Preview({ pipeline, table }) {
  const me = useMe();
  const [d, set] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {ApiError | null} */ (null));
  const [busy, setBusy] = useState(false);
  const look = async () => {
    setBusy(true);
    setError(null);
    try {
      set(await get(doc.dataset(pipeline, table, 'preview?limit=50')));
    } catch (e) {
      setError(e instanceof ApiError ? e : new ApiError(0, '', String(e), ''));
    }
    setBusy(false);
  };
  const columns = d?.columns.map((c) => c.name);
  let shown = html`<p class="dim">Rows are for operators on this server.</p>`;
  if (error) shown = html`<${Failure} error=${error} what="A look at rows" />`;
  else if (d) shown = html`<${Rows} d=${d} label=${`Rows of ${table}`} />`;
  else if (me.rows) shown = html`<p class="dim">Each look at rows is written to the audit log.</p>`;
  return html`<section aria-labelledby="preview"><${Head} id="preview" title="Rows">
      <${Command} text=${command.preview(pipeline, table)} />
      ${d?.rows.length ? html`<button type="button"
        onClick=${() => save(`${table}.csv`, csv(columns, d.rows))}>Save as CSV</button>` : null}
      ${me.rows ? html`<button type="button" disabled=${busy} onClick=${look}>
        ${busy ? 'Reading …' : d ? 'Read again' : 'Show 50 rows'}</button>` : null}</${Head}>
    ${shown}</section>`;
}

/** @param {{pipeline: string, table: string}} p */
function History({ pipeline, table }) {
  const look = useDoc(doc.dataset(pipeline, table, 'history'));
  return html`<section aria-labelledby="history"><${Head} id="history" title="Versions" />
    <${Shown} doc=${look} what="The history">${(d) => {
      const list = Array.isArray(d) ? d : (d.versions ?? d.history ?? []);
      if (list.length === 0) return html`<p class="dim">Nothing was written yet.</p>`;
      return html`<div class="scroll-x" tabindex="0" role="region" aria-label="Versions"><table class="table"><thead>
      <tr><th scope="col" class="num">Version</th><th scope="col">When</th><th scope="col">Operation</th>
      <th scope="col" class="num">Rows</th><th scope="col" class="num">Bytes</th>
      <th scope="col" class="num">Files</th></tr></thead>
      <tbody>${list.slice(0, 30).map(
        (v) => html`<tr key=${v.version}><th scope="row" class="num">${v.version}</th>
        <td><${When} at=${v.time} both /></td><td>${String(v.operation ?? '').toLowerCase()}</td><td class="num">
        ${count(v.rows)}</td><td class="num">${bytes(v.bytes)}</td><td class="num">${count(v.files)}</td></tr>`,
      )}
        </tbody></table></div>`;
    }}</${Shown}></section>`;
}

/** @param {{pipeline: string, names: string[] | undefined}} p */
const Names = ({ pipeline, names }) =>
  names?.length
    ? html`${names.map(
        (n, i) => html`${i ? ', ' : ''}
  <${Link} to=${to.table(pipeline, n)}>${n}</${Link}>`,
      )}`
    : null;

/** @param {{pipeline: string, t: any}} p */
function Acts({ pipeline, t }) {
  if (!may('operator') || t.kind === 'source') return null;
  return html`<div class="acts"><${Menu} label="Run" class="primary" items=${[
    { text: 'Run this table …', act: () => askRunSelected(pipeline, [t.name], [t.name]) },
    may('admin')
      ? { text: 'Full refresh …', danger: true, act: () => askFullRefresh(pipeline, [t.name], [t.name]) }
      : null,
  ]} /></div>`;
}

/** @param {{pipeline: string, t: any, now: any}} p now: what the pipeline says of it */
function Title({ pipeline, t, now }) {
  const state = html`<${Mark} name=${t.state ?? now?.state} /> <${Layer} name=${t.layer} />`;
  return html`<div class="page-head"><div class="page-title"><h1>${t.name}</h1>
      ${t.kind === 'source' ? html`<span class="dim">${t.type} source</span>` : state}
      ${t.description ? html`<p class="about">${t.description}</p>` : null}</div>
    <${Acts} pipeline=${pipeline} t=${t} /></div>`;
}

/** What was set aside, or could be. @param {string} pipeline @param {any} t @param {any} now */
function quarantineOf(pipeline, t, now) {
  const rows = t.quarantine?.rows;
  const may = rows || t.quarantine || now?.quarantine || t.expectations?.some((e) => e.on_violation === 'quarantine');
  return may ? html`<${Link} to=${to.quarantine(pipeline, t.name)}>${rows ? plural(rows, 'row') : 'look'}
    </${Link}>` : null;
}

/** @param {{pipeline: string, t: any, now: any, tables: Set<string>}} p */
const About = ({ pipeline, t, now, tables }) => html`<${Facts} of=${[
  ['Kind', String(t.kind).replaceAll('_', ' ')],
  ['Reads', html`<${Names} pipeline=${pipeline} names=${t.upstream ?? t.reads} />`],
  ['Read by', html`<${Names} pipeline=${pipeline} names=${(t.downstream ?? []).filter((n) => tables.has(n))} />`],
  ['Rows', t.rows === undefined ? null : count(t.rows)],
  ['Size', t.bytes === undefined ? null : bytes(t.bytes)],
  [t.kind === 'sink' ? 'Batch' : 'Version', t.version ?? now?.version],
  ['Changed', now?.written ? html`<${When} at=${now.written} both />` : null],
  ['Quarantine', quarantineOf(pipeline, t, now)],
  ['Written in', t.place ? html`<code>${t.place.file}:${t.place.line}</code>` : null],
  ['Folder', t.path ? html`<code class="path">${t.path}</code>` : null],
]} />`;

/** A part of the page with its heading. @param {{id: string, title: string, side?: any, children?: any}} p */
const Part = ({ id, title, side, children }) => html`<section aria-labelledby=${id}>
  <${Head} id=${id} title=${title}>${side}</${Head}>${children}</section>`;

/** @param {{pipeline: string, table: string}} p */
export function TablePage({ pipeline, table }) {
  const look = useDoc(doc.dataset(pipeline, table));
  const whole = useDoc(doc.of(pipeline));
  const quality = useDoc(doc.of(pipeline, 'quality'));
  const now = whole.data?.datasets?.find((x) => x.name === table);
  const tables = new Set(tablesOf(whole.data?.datasets).map((x) => x.name));
  const judged = quality.data?.tables?.find((x) => x.name === table);
  useTitle(table);
  return html`<${Shown} doc=${look} what=${`The table ${table}`}>${(t) => {
    const source = t.kind === 'source';
    const kept = !source && t.kind !== 'sink'; // a sink has given away what it was given
    const written = t.flows?.some((f) => f.sql);
    const pill = html`<span class="pill">${t.columns?.length}</span>`;
    return html`<${Title} pipeline=${pipeline} t=${t} now=${now} />
      ${(now?.error ?? now?.reason) ? html`<p class="note tone-bad pre">${now.error ?? now.reason}</p>` : null}
      <${About} pipeline=${pipeline} t=${t} now=${now} tables=${tables} />
      ${source || !now ? null : html`<${Part} id="rows" title="Rows of the last batches">
        <${AccountBar} counters=${countersOf(now)} legend /></${Part}>`}
      <div class="two">
        ${t.columns?.length ? html`<${Part} id="columns" title="Columns" side=${pill}><${Columns} list=${t.columns} />
          </${Part}>` : null}
        ${t.expectations?.length ? html`<${Part} id="rules" title="Expectations">
          <${Rules} list=${t.expectations} results=${judged?.expectations} /></${Part}>` : null}
      </div>
      ${written ? html`<${Part} id="sql" title="SQL"><${Sql} flows=${t.flows} /></${Part}>` : null}
      ${kept ? html`<${Preview} pipeline=${pipeline} table=${table} />
        <${History} pipeline=${pipeline} table=${table} />` : null}
      ${!source && !written && !t.columns?.length ? html`<${Empty}
        title="Nothing is known of this table yet" />` : null}`;
  }}</${Shown}>`;
}
