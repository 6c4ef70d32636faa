// SPDX-License-Identifier: Apache-2.0
// tab_state.js -- where each flow stands: what it has read, its newest batches, what it remembers.

import { useState } from 'preact/hooks';
import { command } from '../lib/command.js';
import { useDoc } from '../lib/docs.js';
import { behind, bytes, count, duration, isBehind, plural } from '../lib/format.js';
import { doc, to } from '../lib/route.js';
import { may } from '../lib/session.js';
import { askReset } from '../parts/acts.js';
import { Command, Empty, Facts, Link, Search, Shown, When } from '../parts/bits.js';
import { html } from '../parts/html.js';
import { Mark } from '../parts/mark.js';
import { AccountBar } from '../parts/marks.js';
import { useGradually } from '../parts/table.js';

/** An offset of any source as a few words. @param {any} o */
function offset(o) {
  if (o === null || o === undefined) return 'nothing yet';
  if (typeof o !== 'object') return String(o);
  if (o.seq !== undefined) return `${count(o.seq)} files`;
  if (o.version !== undefined)
    return `version ${o.version}${o.index !== undefined && o.index >= 0 ? `, file ${o.index}` : ''}`;
  return Object.entries(o)
    .map(([k, v]) => `${k} ${typeof v === 'object' ? JSON.stringify(v) : v}`)
    .join(', ');
}

const tookMs = (b) => (b.done && b.timestamp ? Date.parse(b.done) - Date.parse(b.timestamp) : undefined);

/** @param {{pipeline: string, flow: string}} p */
function Batches({ pipeline, flow }) {
  const look = useDoc(doc.of(pipeline, `checkpoints/${encodeURIComponent(flow)}`));
  return html`<${Shown} doc=${look} what="The checkpoint">${(d) => html`
    <h4>Newest batches</h4>
    ${
      d.batches?.length
        ? html`<div class="scroll-x" tabindex="0" role="region" aria-label=${`Batches of ${flow}`}>
      <table class="table"><thead><tr><th scope="col" class="num">Batch</th><th scope="col">State</th>
      <th scope="col">Decided</th><th scope="col" class="num">Took</th><th scope="col">Rows</th>
      <th scope="col" class="num">Bytes in</th></tr></thead>
      <tbody>${d.batches.slice(0, 20).map(
        (b) => html`<tr key=${`${b.generation ?? ''}/${b.batch}`}>
        <th scope="row" class="num">${b.batch}</th><td>${b.state}</td><td><${When} at=${b.decided} absolute /></td>
        <td class="num">${duration(tookMs(b))}</td><td><${AccountBar} counters=${b.counters} /></td><td class="num">
        ${bytes(b.counters?.bytes_in)}</td></tr>`,
      )}</tbody></table></div>`
        : html`<p class="dim">No batch yet.</p>`
    }
    ${
      d.generations?.length > 1
        ? html`<h4>Lives of the checkpoint</h4><ul class="plain">
      ${d.generations.map(
        (g) => html`<li key=${g.generation}>
      ${g.number}: ${g.why}${g.current ? ', the present one' : ''} <code class="dim">${g.generation?.slice(0, 8)}
      </code></li>`,
      )}</ul>`
        : null
    }
    <p class="dim same"><${Command} text=${command.checkpoint('show', pipeline, flow)} /></p>`}</${Shown}>`;
}

/** @param {{pipeline: string, c: any}} p */
function Flow({ pipeline, c }) {
  const [open, set] = useState(false);
  const marks = c.watermark ?? c.watermarks;
  return html`<li class="flow"><div class="flow-head"><h3><${Link} to=${to.table(pipeline, c.table)}>${c.flow}
    </${Link}></h3><${Mark} name=${c.state === 'done' ? 'ok' : c.state === 'none' ? 'never_run' : 'running'}
    word=${c.state === 'done' ? 'at rest' : c.state === 'none' ? 'never run' : c.state} />
      ${c.flow !== c.table ? html`<span class="dim">writes ${c.table}</span>` : null}
      <span class="flow-acts"><button type="button" aria-expanded=${open} onClick=${() => set(!open)}>Batches</button>
        ${
          may('admin')
            ? html`<button type="button"
        onClick=${() => askReset(pipeline, c.flow)}>Reset …</button>`
            : null
        }</span></div>
    <${Facts} of=${[
      ['Batch', c.batch],
      ['Decided', c.decided ? html`<${When} at=${c.decided} />` : null],
      ...Object.entries(c.offsets ?? {}).map(
        ([source, o]) =>
          /** @type {[string, any]} */ ([
            `Read of ${source}`,
            html`<span title=${JSON.stringify(o)}>
              ${offset(o)}${c.lag?.[source] ? html` <span class=${isBehind(c.lag[source]) ? 'tone-warn' : 'dim'}>
              ${behind(c.lag[source])}</span>` : null}</span>`,
          ]),
      ),
      [
        'Watermark',
        marks
          ? typeof marks === 'object'
            ? Object.entries(marks).map(
                ([k, v]) => html`<span class="pair">${k} ${String(v)}</span>`,
              )
            : String(marks)
          : null,
      ],
      ['Life', c.number > 1 ? `${c.number}, ${c.why}` : null],
    ]} />
    ${
      c.stages?.length
        ? html`<div class="scroll-x" tabindex="0" role="region"
      aria-label=${`What ${c.flow} remembers`}><table class="table"><thead><tr><th scope="col">Remembers</th>
      <th scope="col">Keys</th><th scope="col" class="num">Rows</th><th scope="col" class="num">Files</th>
      <th scope="col" class="num">Size</th><th scope="col">Oldest</th></tr></thead><tbody>
      ${c.stages.map(
        (s) => html`<tr key=${s.stage}><th scope="row">${s.kind}</th><td>
      ${[].concat(s.keys ?? []).join(', ')}</td><td class="num">${count(s.rows)}</td><td class="num">${count(s.files)}
      </td><td class="num">${bytes(s.bytes)}</td><td>${s.oldest ?? '–'}</td></tr>`,
      )}</tbody></table></div>`
        : null
    }
    ${open ? html`<${Batches} pipeline=${pipeline} flow=${c.flow} />` : null}</li>`;
}

/** @param {{pipeline: string, list: any[]}} p */
function Flows({ pipeline, list }) {
  const [find, setFind] = useState('');
  const fits = find === '' ? list : list.filter((c) => c.flow.toLowerCase().includes(find.toLowerCase()));
  const shown = useGradually(fits.length);
  return html`${
    list.length > 8
      ? html`<div class="filters"><${Search} label="Find a flow" value=${find}
    onInput=${setFind} /><span class="dim filters-count">${plural(fits.length, 'flow')}</span></div>`
      : null
  }
    <ul class="flows">${fits.slice(0, shown).map((c) => html`<${Flow} key=${c.flow} pipeline=${pipeline} c=${c} />`)}
      </ul>`;
}

/** @param {{pipeline: string}} p */
export function State({ pipeline }) {
  const look = useDoc(doc.of(pipeline, 'checkpoints'));
  return html`<${Shown} doc=${look} what="The checkpoints">${(d) =>
    d.checkpoints.length === 0
      ? html`<${Empty} title="No flow has a checkpoint yet"><p>The first run makes them.</p></${Empty}>`
      : html`<${Flows} pipeline=${pipeline} list=${d.checkpoints} /><p
      class="dim same">The same from a terminal: <${Command} text=${command.checkpoint('list', pipeline)} /></p>`}</${Shown}>`;
}
