// SPDX-License-Identifier: Apache-2.0
// tab_runs.js -- the last 50 runs as a grid: a column is a run, as high as it took; a row is a table.

import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { useDoc } from '../lib/docs.js';
import { clock, duration } from '../lib/format.js';
import { doc, to } from '../lib/route.js';
import { filterOf } from '../lib/select.js';
import { stateOf } from '../lib/states.js';
import { Command, Empty, Link, Search, Shown } from '../parts/bits.js';
import { setQuery } from '../lib/router.js';
import { cx, html } from '../parts/html.js';
import { Shape } from '../parts/mark.js';
import { Layer } from '../parts/marks.js';
import { Gap, useWindow } from '../parts/table.js';
import { command } from '../lib/command.js';

const ROW = 26;
const TALL = 44;

/** A cell is a state, or says more. @param {any} c */
const cellOf = (c) =>
  c === null || c === undefined || c === '' ? { state: '' } : typeof c === 'string' ? { state: c } : c;

/** @param {{pipeline: string, t: any, runs: any[], order: number[]}} p */
function Row({ pipeline, t, runs, order }) {
  return html`<tr style=${{ height: `${ROW}px` }} data-row><th scope="row">
    <${Link} to=${to.table(pipeline, t.name)} title=${t.name}>${t.name}</${Link}></th><td class="grid-layer">
    <${Layer} name=${t.layer} /></td>
    ${order.map((i) => {
      const c = cellOf(t.cells[i]);
      if (!c.state) return html`<td key=${i} class="grid-cell grid-none">·</td>`;
      const s = stateOf(c.state, c.warnings);
      const words = `run ${runs[i].number}: ${s.word}`;
      return html`<td key=${i} class="grid-cell"><span class=${cx('grid-mark', `fill-${s.tone}`, `hatch-${s.tone}`)}
        role="img" aria-label=${words} title=${words} /></td>`;
    })}<td /></tr>`;
}

/** @param {{g: any, pipeline: string, find: string}} p */
function Shape50({ g, pipeline, find }) {
  const runs = g.runs;
  // oldest left, newest right
  const order = useMemo(() => {
    const ids = runs.map((_, i) => i);
    return ids.sort((a, b) => runs[a].number - runs[b].number);
  }, [g]);
  const tables = find ? g.tables.filter((t) => t.name.toLowerCase().includes(find.toLowerCase())) : g.tables;
  const w = useWindow(tables.length, ROW);
  const longest = Math.max(1, ...runs.map((r) => Math.sqrt(r.duration_ms ?? 0)));
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  useLayoutEffect(() => {
    if (box.current) box.current.scrollLeft = box.current.scrollWidth;
  }, []);
  return html`<div class="scroll-x" ref=${box} tabindex="0" role="region" aria-label="Runs and tables">
    <table class="grid" aria-rowcount=${tables.length + 1}>
    <colgroup><col class="grid-c-name" /><col class="grid-c-layer" />
      ${order.map((i) => html`<col key=${i} class="grid-c" />`)}<col /></colgroup><thead><tr>
      <th scope="col">Table</th><th scope="col" class="grid-layer">Layer</th>${order.map((i) => {
        const r = runs[i];
        const s = stateOf(r.state, r.warnings);
        const words = `run ${r.number}: ${s.word}, ${clock(r.started ?? r.created, Date.now())}, ${duration(r.duration_ms)}`;
        return html`<th scope="col" key=${r.number} class="grid-run"><${Link} to=${to.run(pipeline, r.number)}
        title=${words} aria-label=${words}><span class=${cx('grid-bar', `fill-${s.tone}`, `hatch-${s.tone}`)}
        style=${{ height: `${4 + Math.round((TALL * Math.sqrt(r.duration_ms ?? 0)) / longest)}px` }} />
        <span class="grid-number">${r.number < 100 || (runs[order[order.length - 1]].number - r.number) % 3 === 0 ? r.number : ''}</span></${Link}></th>`;
      })}<td /></tr></thead>
    <tbody ref=${w.ref}><${Gap} key="above" height=${w.above} columns=${order.length + 3} />
      ${tables.slice(w.from, w.until).map(
        (t) => html`<${Row} key=${t.name} pipeline=${pipeline} t=${t} runs=${runs}
        order=${order} />`,
      )}
      <${Gap} key="below" height=${w.below} columns=${order.length + 3} /></tbody></table></div>`;
}

const legend = ['succeeded', 'succeeded_with_warnings', 'running', 'failed', 'held_back', 'skipped', 'canceled', 'idle'];

/** @param {{pipeline: string, query: URLSearchParams}} p */
export function Grid({ pipeline, query }) {
  const look = useDoc(doc.of(pipeline, 'grid?runs=50'));
  const { find } = filterOf(query);
  return html`<${Shown} doc=${look} what="The grid of runs">${(g) =>
    g.runs.length === 0
      ? html`<${Empty} title=${`${pipeline} never ran`}><p>Start it above, or with <${Command}
      text=${command.run(pipeline)} /></p></${Empty}>`
      : html`<div class="filters"><${Search} label="Find a table" value=${find}
      onInput=${(t) => setQuery({ find: t })} />
      <ul class="legend" aria-label="What marks mean">
        ${legend.map((l) => {
          const s = stateOf(l);
          return html`<li key=${l}>
        <span class=${cx('grid-mark', `fill-${s.tone}`, `hatch-${s.tone}`)} aria-hidden="true" />
        <span class=${`tone-${s.tone}`}><${Shape} state=${s} size=${11} /></span>${s.word}</li>`;
        })}</ul></div>
      <${Shape50} g=${g} pipeline=${pipeline} find=${find} />`}</${Shown}>`;
}
