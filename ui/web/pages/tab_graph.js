// SPDX-License-Identifier: Apache-2.0
// tab_graph.js -- sources, bronze, silver, gold from left to right.  The layout is made by a worker; a
// graph that takes too long, and a reader who asked for it, get the nested list.

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { compact, lag, percent, plural, rate } from '../lib/format.js';
import { useKeys } from '../lib/keys.js';
import { to } from '../lib/route.js';
import { setQuery } from '../lib/router.js';
import { countersOf, depths, filterOf, fits, neighbours, passOf, lagOf, tablesOf } from '../lib/select.js';
import { stateOf } from '../lib/states.js';
import { Choice, Empty, Link, Loading } from '../parts/bits.js';
import { Filters } from '../parts/filters.js';
import { cx, html } from '../parts/html.js';
import { Mark, Shape } from '../parts/mark.js';
import { Panel } from './panel.js';

const WIDTH = 196;
const HEIGHT = 76;
const PATIENCE_MS = 1000;
/** Behind by more than that, nothing else matters. */
const FAR_S = 300;

/** @typedef {{width: number, height: number, nodes: Record<string, {x: number, y: number}>, edges: {from: string, to: string, points: {x: number, y: number}[]}[]}} Places */

/** @param {any[]} nodes @param {any[]} edges @returns {Places | 'late' | null} */
function useLayout(nodes, edges) {
  const [places, set] = useState(/** @type {Places | 'late' | null} */ (null));
  const shape = useMemo(
    () => JSON.stringify([nodes.map((n) => n.name), edges.map((e) => [e.from, e.to])]),
    [nodes, edges],
  );
  useEffect(() => {
    if (nodes.length === 0) return undefined;
    const worker = new Worker(new URL('../lib/layout_worker.js', import.meta.url), { type: 'module' });
    const late = setTimeout(() => set('late'), PATIENCE_MS + 1000);
    worker.onmessage = (m) => {
      clearTimeout(late);
      set(m.data);
      worker.terminate();
    };
    worker.onerror = () => set('late');
    worker.postMessage({ id: 1, nodes: nodes.map((n) => ({ name: n.name, width: WIDTH, height: HEIGHT })), edges });
    return () => {
      clearTimeout(late);
      worker.terminate();
    };
  }, [shape]);
  return places;
}

/** A smooth line from the right side of a node to the left side of another; what lies between is gone around
 * where the layout says. @param {{x: number, y: number}[]} p @param {{x: number, y: number}} a @param {{x: number, y: number}} b */
function curve(p, a, b) {
  const stops = [
    { x: a.x + WIDTH, y: a.y + HEIGHT / 2 },
    ...(p.length > 3 ? p.slice(1, -1) : []),
    { x: b.x, y: b.y + HEIGHT / 2 },
  ];
  let d = `M${stops[0].x} ${stops[0].y}`;
  for (let i = 1; i < stops.length; i++) {
    const [from, to] = [stops[i - 1], stops[i]];
    const mid = (from.x + to.x) / 2;
    d += `C${mid} ${from.y} ${mid} ${to.y} ${to.x} ${to.y}`;
  }
  return d;
}

/** The third line of a node. @param {any} n */
function facts(n) {
  if (n.kind === 'source') return [n.type ?? 'source'];
  const pass = passOf(n);
  const c = countersOf(n);
  if ((lagOf(n) ?? 0) > FAR_S) return [`${lag(lagOf(n))} behind`];
  return [
    n.rows_per_second ? rate(n.rows_per_second) : c?.written ? `${compact(c.written)} rows` : null,
    pass !== null && pass < 1 ? `${percent(pass)} pass` : null,
    lagOf(n) ? `${lag(lagOf(n))} behind` : null,
  ]
    .filter(Boolean)
    .slice(0, 2);
}

/** @param {{n: any, at: {x: number, y: number}, dim: boolean, chosen: boolean, onPick: () => void}} p */
function Node({ n, at, dim, chosen, onPick }) {
  const s = stateOf(n.state);
  const source = n.kind === 'source';
  return html`<button type="button" class=${cx('node', `node-${source ? 'source' : n.layer || 'other'}`, dim && 'node-dim', chosen && 'node-chosen', !source && `node-${s.tone}`)}
    style=${{ left: `${at.x}px`, top: `${at.y}px`, width: `${WIDTH}px`, height: `${HEIGHT}px` }} onClick=${onPick}
      aria-pressed=${chosen} data-node=${n.name}>
    <span class="node-name" title=${n.name}>${n.name}</span>
    ${
      source
        ? null
        : html`<span class=${`node-line tone-${s.tone}`}><${Shape} state=${s} size=${11} />${s.word}
      </span>`
    }
    <span class="node-line node-facts">${facts(n).join(' · ')}</span></button>`;
}

/** @param {{nodes: any[], edges: any[], places: Places, chosen: string, fit: (n: any) => boolean}} p */
function Drawing({ nodes, edges, places, chosen, fit }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const near = useMemo(() => neighbours(edges), [edges]);
  const lit = chosen ? new Set([chosen, ...(near.get(chosen)?.up ?? []), ...(near.get(chosen)?.down ?? [])]) : null;
  const busy = new Set(nodes.filter((n) => stateOf(n.state).tone === 'busy').map((n) => n.name));
  const modes = new Map(edges.map((e) => [`${e.from}\n${e.to}`, e.mode]));
  useKeys({ Escape: () => setQuery({ node: null }) }, []);
  return html`<div class="graph" ref=${box} tabindex="0" role="region"
    aria-label="Graph of the pipeline; the list beside it says the same">
    <div class="graph-paper" style=${{ width: `${places.width}px`, height: `${places.height}px` }}>
    <svg class="edges" width=${places.width} height=${places.height} aria-hidden="true">
      <defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerUnits="userSpaceOnUse" markerWidth="9"
        markerHeight="9" orient="auto"><path class="edge-tip" d="M0 0.500 7 4 0 7.500z" /></marker></defs>
      ${places.edges.map(
        (e) => html`<path key=${`${e.from}>${e.to}`}
        d=${curve(e.points, places.nodes[e.from], places.nodes[e.to])} marker-end="url(#tip)"
        class=${cx('edge', modes.get(`${e.from}\n${e.to}`) === 'snapshot' && 'edge-snapshot', busy.has(e.to) && 'edge-busy', lit && (e.from === chosen || e.to === chosen ? 'edge-lit' : 'edge-dim'))} />`,
      )}</svg>
    ${nodes.map(
      (n) =>
        places.nodes[n.name] &&
        html`<${Node} key=${n.name} n=${n} at=${places.nodes[n.name]}
      chosen=${n.name === chosen} dim=${!fit(n) || (lit !== null && !lit.has(n.name))}
      onPick=${() => setQuery({ node: n.name === chosen ? null : n.name })} />`,
    )}</div></div>`;
}

/** The graph as words: what stands at each step, and what each reads. @param {{nodes: any[], edges: any[], pipeline: string}} p */
function Nested({ nodes, edges, pipeline }) {
  const deep = depths(nodes, edges);
  const near = neighbours(edges);
  const steps = [...new Set(deep.values())].sort((a, b) => a - b);
  return html`<ol class="nested">${steps.map(
    (s) => html`<li key=${s}><span class="nested-step">
    ${s === 0 ? 'Sources' : `Step ${s}`}</span>
    <ul>${nodes
      .filter((n) => deep.get(n.name) === s)
      .map(
        (n) => html`<li key=${n.name} data-row>
      <${Link} to=${to.table(pipeline, n.name)}>${n.name}
      </${Link}> ${n.kind === 'source' ? null : html`<${Mark} name=${n.state} />`}
      ${near.get(n.name)?.up.length ? html`<span class="dim">reads ${near.get(n.name)?.up.join(', ')}</span>` : null}
        </li>`,
      )}</ul></li>`,
  )}</ol>`;
}

/** @param {{d: any, pipeline: string, query: URLSearchParams}} p */
export function Graph({ d, pipeline, query }) {
  const nodes = useMemo(() => tablesOf(d.datasets), [d]);
  const edges = d.edges ?? [];
  const places = useLayout(nodes, edges);
  const f = filterOf(query);
  const chosen = query.get('node') ?? '';
  const asList = query.get('as') === 'steps' || places === 'late';
  const picked = nodes.find((n) => n.name === chosen);
  if (nodes.length === 0) return html`<${Empty} title="This pipeline has no tables" />`;
  return html`<${Filters} datasets=${nodes} query=${query}><${Choice} label="Shown as" value=${asList ? 'steps' : ''}
    options=${[
      ['', 'Graph'],
      ['steps', 'Steps'],
    ]} onPick=${(as) => setQuery({ as })} /></${Filters}>
    ${
      places === 'late'
        ? html`<p class="note" role="status">
      ${plural(nodes.length, 'dataset')} take too long to draw: here are their steps.</p>`
        : null
    }
    <div class=${cx('graph-and-panel', picked && 'with-panel')}>
      ${
        asList
          ? html`<${Nested} nodes=${nodes.filter((n) => fits(n, f))} edges=${edges} pipeline=${pipeline} />`
          : places === null
            ? html`<${Loading} what="Drawing the graph" />`
            : html`<${Drawing} nodes=${nodes}
          edges=${edges} places=${places} chosen=${chosen} fit=${(n) => fits(n, f)} />`
      }
      ${picked ? html`<${Panel} key=${chosen} pipeline=${pipeline} n=${picked} edges=${edges} />` : null}</div>`;
}
