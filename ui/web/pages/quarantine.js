// SPDX-License-Identifier: Apache-2.0
// quarantine.js -- the rows that a table did not take: by rule, with samples; replay, discard, export.

import { command } from '../lib/command.js';
import { useDoc } from '../lib/docs.js';
import { cell, csv, plural } from '../lib/format.js';
import { doc, to } from '../lib/route.js';
import { setQuery } from '../lib/router.js';
import { may } from '../lib/session.js';
import { columnsOf, groupsOf, namesIn } from '../lib/set_aside.js';
import { askDiscard, askReplay } from '../parts/acts.js';
import { Command, Empty, Head, Link, Shown, useTitle, When } from '../parts/bits.js';
import { cx, html } from '../parts/html.js';
import { save } from './table.js';

const LIMIT = 200;

/** @param {{pipeline: string, table: string, g: any, chosen: boolean}} p */
function Group({ pipeline, table, g, chosen }) {
  return html`<li class=${cx('group', chosen && 'group-chosen')}><button type="button" class="group-pick"
    aria-pressed=${chosen} onClick=${() => setQuery({ rule: chosen ? null : g.name })}>
      <span class="group-name">${g.name}</span><span class="num group-count">${plural(g.rows, 'row')}</span>
        ${g.expect ? html`<code>${g.expect}</code>` : null}
      ${
        g.first
          ? html`<span class="dim">first <${When} at=${g.first} />, last <${When} at=${g.last} />
        </span>`
          : null
      }</button>
    ${
      may('operator')
        ? html`<span class="group-acts"><button type="button"
      onClick=${() => askReplay(pipeline, table, { rule: g.name })}>Replay</button>
      ${
        may('admin')
          ? html`<button type="button" class="danger-quiet"
      onClick=${() => askDiscard(pipeline, table, { rule: g.name })}>Discard …</button>`
          : null
      }</span>`
        : null
    }
      </li>`;
}

/** @param {{rows: any[], pipeline: string, table: string}} p */
function Samples({ rows, pipeline, table }) {
  const columns = columnsOf(rows);
  return html`<div class="scroll-x rows" tabindex="0" role="region" aria-label="Rows that were set aside">
    <table class="table"><thead><tr><th scope="col">Broke</th><th scope="col">When</th>
    ${columns.map((c) => html`<th key=${c} scope="col">${c}</th>`)}${
      may('operator')
        ? html`<th scope="col">
    <span class="only-read">What can be done</span></th>`
        : null
    }</tr></thead>
    <tbody>${rows.map((r) => {
      const bad = new Set((r.rules ?? []).flatMap((x) => namesIn(x.expect ?? '')));
      return html`<tr key=${r.id} data-row><th scope="row">
        ${r.rules ? r.rules.map((x) => x.name).join(', ') : r.reason}</th><td>
        <${When} at=${String(r.at).includes('T') ? r.at : `${String(r.at).replace(' ', 'T')}Z`} /></td>
        ${columns.map((c) => {
          const v = (r.row ?? { raw: r.raw, path: r.path, line: r.line })[c];
          return html`<td key=${c} class=${cx(v === null && 'null', typeof v === 'number' && 'num', bad.has(c) && 'bad-cell')}>${bad.has(c) ? html`<span class="only-read">fails: </span>` : null}${v === undefined ? '' : cell(v)}</td>`;
        })}
        ${
          may('operator')
            ? html`<td class="act"><button type="button"
          onClick=${() => askReplay(pipeline, table, { row: r.id })}>Replay</button></td>`
            : null
        }</tr>`;
    })}</tbody></table></div>`;
}

/** @param {{pipeline: string, table: string, query: URLSearchParams}} p */
export function Quarantine({ pipeline, table, query }) {
  const rule = query.get('rule') ?? '';
  const look = useDoc(
    doc.quarantine(pipeline, table) + (rule ? `?rule=${encodeURIComponent(rule)}&limit=${LIMIT}` : `?limit=${LIMIT}`),
  );
  const list = useDoc(doc.of(pipeline, 'quarantine'));
  const mine = list.data?.quarantines?.find((q) => q.table === table);
  useTitle(`Quarantine of ${table}`);
  const groups = groupsOf(mine, look.data);
  const out = (d) => {
    const columns = columnsOf(d.rows);
    save(
      `${table}__quarantine.csv`,
      csv(
        ['rules', 'at', ...columns],
        d.rows.map((r) => [
          (r.rules ?? []).map((x) => x.name).join(' '),
          r.at,
          ...columns.map((c) => (r.row ?? r)[c]),
        ]),
      ),
    );
  };
  return html`<div class="page-head"><div class="page-title"><h1>Quarantine of <${Link}
    to=${to.table(pipeline, table)}>${table}</${Link}></h1><p class="about">
    ${mine ? `${plural(mine.rows, 'row')} did not pass a rule with the policy quarantine${mine.undecodable ? `; ${plural(mine.undecodable, 'record')} could not be decoded` : ''}.` : 'Rows that did not pass a rule with the policy quarantine.'}</p></div>
      ${
        mine && mine.rows + (mine.undecodable ?? 0) > 0 && may('operator')
          ? html`<div class="acts">
        <button type="button" class="primary" onClick=${() => askReplay(pipeline, table, {})}>Replay all</button>
        ${
          may('admin')
            ? html`<button type="button" class="danger-quiet"
        onClick=${() => askDiscard(pipeline, table, {})}>Discard all …</button>`
            : null
        }</div>`
          : null
      }</div>
    ${
      groups.length
        ? html`<section aria-labelledby="groups"><${Head} id="groups" title="By rule" />
      <ul class="groups">${groups.map(
        (g) => html`<${Group} key=${g.name} pipeline=${pipeline} table=${table} g=${g}
      chosen=${g.name === rule} />`,
      )}</ul></section>`
        : null
    }
    <${Shown} doc=${look.error?.status === 404 ? { ...look, error: null, data: { rows: [], total: 0 } } : look}
      what="A look at rows that were set aside">${(d) =>
        d.rows.length === 0
          ? html`<${Empty} title=${rule ? `No row that broke ${rule} is set aside` : 'Nothing is set aside'}>
        <p>Rows come here when a rule has <code>on_violation: quarantine</code>.</p></${Empty}>`
          : html`<section aria-labelledby="samples"><${Head} id="samples" title="Rows"><span class="dim">
        ${d.rows.length < (d.total ?? 0) ? `${d.rows.length} of ${plural(d.total, 'row')}` : plural(d.rows.length, 'row')}</span>
        <${Command} text=${command.quarantine('show', pipeline, table, rule ? { rule } : {})} />
        <button type="button" onClick=${() => out(d)}>Save as CSV</button></${Head}>
        <${Samples} rows=${d.rows} pipeline=${pipeline} table=${table} /></section>`}</${Shown}>`;
}
