// SPDX-License-Identifier: Apache-2.0
// panel.js -- what stands beside the graph about the node that was picked.

import { useDoc } from '../lib/docs.js';
import { doc, to } from '../lib/route.js';
import { setQuery } from '../lib/router.js';
import { may } from '../lib/session.js';
import { countersOf, neighbours } from '../lib/select.js';
import { askRunSelected } from '../parts/acts.js';
import { Facts, Link, Shown, When } from '../parts/bits.js';
import { html } from '../parts/html.js';
import { Mark } from '../parts/mark.js';
import { AccountBar, Layer } from '../parts/marks.js';
import { Columns, Rules, Sql } from './table.js';

/** @param {{pipeline: string, n: any, edges: any[]}} p */
export function Panel({ pipeline, n, edges }) {
  const look = useDoc(doc.dataset(pipeline, n.name));
  const quality = useDoc(doc.of(pipeline, 'quality'));
  const judged = quality.data?.tables?.find((x) => x.name === n.name);
  const near = neighbours(edges).get(n.name) ?? { up: [], down: [] };
  const pick = (name) => (e) => {
    e.preventDefault();
    e.stopPropagation();
    setQuery({ node: name });
  };
  const link = (name) => html`<a href=${`?node=${encodeURIComponent(name)}`} onClick=${pick(name)}>${name}</a>`;
  const links = (names) => names.map((name, i) => html`${i ? ', ' : ''}${link(name)}`);
  return html`<aside class="panel" aria-label=${n.name}><div class="head"><h2>${n.name}</h2>
    <button type="button" class="icon-button" aria-label="Close" onClick=${() => setQuery({ node: null })}>✕</button>
    </div>
    <p class="panel-state">${
      n.kind === 'source'
        ? html`<span class="dim">
      ${n.type ?? ''} source</span>`
        : html`<${Mark} name=${n.state} /> <${Layer} name=${n.layer} /> <span
      class="dim">${String(n.kind).replaceAll('_', ' ')}</span>`
    }</p>
    ${n.description ? html`<p>${n.description}</p>` : null}
    ${(n.error ?? n.reason) ? html`<p class="note tone-bad">${n.error ?? n.reason}</p>` : null}
    ${n.kind === 'source' ? null : html`<${AccountBar} counters=${countersOf(n)} legend />`}
    <${Facts} of=${[
      ['Reads', near.up.length ? links(near.up) : null],
      ['Read by', near.down.length ? links(near.down) : null],
      ['Changed', n.written ? html`<${When} at=${n.written} />` : null],
      ['Written in', n.place ? html`<code>${n.place.file}:${n.place.line}</code>` : null],
    ]} />
    <p class="panel-acts"><${Link} to=${to.table(pipeline, n.name)} class="button">Open</${Link}>
      ${
        may('operator') && n.kind !== 'source'
          ? html`<button type="button"
      onClick=${() => askRunSelected(pipeline, [n.name], [n.name])}>Run this table …</button>`
          : null
      }</p>
    <${Shown} doc=${look} what="The table">${(t) => html`
      ${
        t.expectations?.length
          ? html`<h3>Expectations</h3><${Rules} list=${t.expectations}
        results=${judged?.expectations} />`
          : null
      }
      ${t.columns?.length ? html`<h3>Columns</h3><${Columns} list=${t.columns} />` : null}
      ${t.flows?.some((f) => f.sql) ? html`<h3>SQL</h3><${Sql} flows=${t.flows} />` : null}`}</${Shown}></aside>`;
}
