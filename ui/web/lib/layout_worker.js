// SPDX-License-Identifier: Apache-2.0
// layout_worker.js -- where nodes of a graph stand, computed beside the page so that it stays usable.
//
// in:  {id, nodes: [{name, width, height}], edges: [{from, to}]}
// out: {id, width, height, nodes: {name: {x, y}}, edges: [{from, to, points: [{x, y}]}]}

import { Graph, layout } from '@dagrejs/dagre';

onmessage = (message) => {
  const { id, nodes, edges } = message.data;
  const g = new Graph();
  g.setGraph({ rankdir: 'LR', nodesep: 18, ranksep: 64, marginx: 12, marginy: 12 });
  g.setDefaultEdgeLabel(() => ({}));
  for (const n of nodes) g.setNode(n.name, { width: n.width, height: n.height });
  for (const e of edges) if (g.hasNode(e.from) && g.hasNode(e.to)) g.setEdge(e.from, e.to);
  layout(g);
  /** @type {Record<string, {x: number, y: number}>} */
  const places = {};
  for (const name of g.nodes()) {
    const n = /** @type {any} */ (g.node(name));
    places[name] = { x: n.x - n.width / 2, y: n.y - n.height / 2 };
  }
  const lines = g.edges().map((e) => ({ from: e.v, to: e.w, points: /** @type {any} */ (g.edge(e)).points }));
  const size = /** @type {any} */ (g.graph());
  postMessage({ id, width: size.width, height: size.height, nodes: places, edges: lines });
};
