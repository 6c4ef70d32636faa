// SPDX-License-Identifier: Apache-2.0
// chart.js -- lines over time by uPlot, fetched when the first chart is shown; each with a table view.

import { useEffect, useRef, useState } from 'preact/hooks';
import { urlOf } from '../lib/base.js';
import { bytes, clock, compact, count, duration, percent, rate } from '../lib/format.js';
import { stackUp } from '../lib/series.js';
import { token, useTheme } from '../lib/theme.js';
import { Choice } from './bits.js';
import { html } from './html.js';

/** @type {Record<string, (v: number | null | undefined) => string>} */
const units = { rate, rows: compact, ms: duration, lag: duration, bytes, percent, count };
const TONES = 8;
const HEIGHT = 190;

/** @type {Promise<typeof import('uplot')> | null} */
let loading = null;
/** uPlot with its style. @returns {Promise<typeof import('uplot')>} */
function load() {
  if (loading === null) {
    const style = document.createElement('link');
    style.rel = 'stylesheet';
    style.href = urlOf('/assets/vendor/uplot.css');
    document.head.append(style);
    loading = import('uplot').then((m) => /** @type {any} */ (m).default);
  }
  return loading;
}

/** 09:15, with the day where it changes. @param {number} t s @param {number | null} before */
function moment(t, before) {
  const d = new Date(t * 1000);
  const day = `${String(d.getMonth() + 1).padStart(2, '0')}-${String(d.getDate()).padStart(2, '0')}`;
  const time = `${String(d.getHours()).padStart(2, '0')}:${String(d.getMinutes()).padStart(2, '0')}`;
  return before === null || new Date(before * 1000).getDate() !== d.getDate() ? `${time}\n${day}` : time;
}

/** @param {any} c of chartsOf @param {typeof import('uplot')} Plot @param {number} width @returns {import('uplot').Options} */
function options(c, Plot, width) {
  const format = units[c.unit];
  const ink = token('--ink-3');
  const axis = {
    stroke: ink,
    grid: { stroke: token('--line'), width: 1 },
    ticks: { stroke: token('--line'), width: 1, size: 4 },
    font: '11px system-ui, sans-serif',
  };
  const lines = c.chart.lines;
  return {
    width,
    height: HEIGHT,
    cursor: { sync: { key: 'smelt' }, y: false, points: { size: 6 } },
    legend: { show: false },
    scales: { x: { time: true }, y: { range: (_u, _min, max) => [0, max > 0 ? max * 1.08 : 1] } },
    axes: [
      { ...axis, space: 76, values: (_u, ticks) => ticks.map((t, i) => moment(t, i > 0 ? ticks[i - 1] : null)) },
      { ...axis, size: 76, values: (_u, ticks) => ticks.map((t) => format(t)) },
    ],
    series: [
      {},
      ...lines.map((l) => {
        const stroke = token(`--line-${l.tone % TONES}`);
        return {
          label: l.label,
          stroke,
          // a stack has no outlines: those of a series without rows would lie on top of all others
          width: c.stack ? 0 : 1.6,
          fill: c.stack ? `color-mix(in srgb, ${stroke} 78%, transparent)` : undefined,
          spanGaps: !c.stack,
          points: { show: !c.stack && lines.length * l.values.filter((v) => v !== null).length < 120, size: 4, fill: stroke },
        };
      }),
    ],
    bands: c.stack ? lines.slice(1).map((_, i) => ({ series: [i + 2, i + 1] })) : undefined,
  };
}

/** @param {any} c */
const dataOf = (c) => [c.chart.x, ...(c.stack ? stackUp(c.chart.lines) : c.chart.lines.map((l) => l.values))];

/** @param {{c: any, onAt: (i: number | null) => void}} p */
function Canvas({ c, onAt }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const plot = useRef(/** @type {any} */ (null));
  const theme = useTheme();
  const shape = `${theme}/${matchMedia('(prefers-color-scheme: dark)').matches}/${c.chart.lines.map((l) => l.label).join('\n')}`;
  useEffect(() => {
    let gone = false;
    /** @type {ResizeObserver | undefined} */
    let watch;
    load().then((Plot) => {
      if (gone || box.current === null) return;
      const o = options(c, Plot, box.current.clientWidth);
      o.hooks = { setCursor: [(u) => onAt(u.cursor.idx ?? null)] };
      plot.current = new Plot(o, dataOf(c), box.current);
      watch = new ResizeObserver(
        () => box.current && plot.current?.setSize({ width: box.current.clientWidth, height: HEIGHT }),
      );
      watch.observe(box.current);
    });
    return () => {
      gone = true;
      watch?.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [shape]);
  useEffect(() => {
    plot.current?.setData(dataOf(c));
  }, [c]);
  return html`<div class="chart-box" ref=${box} aria-hidden="true" />`;
}

/** @param {{c: any}} p */
function Numbers({ c }) {
  const format = units[c.unit];
  const { x, lines } = c.chart;
  const rows = x
    .map((t, i) => i)
    .filter((i) => lines.some((l) => l.values[i] !== null && l.values[i] !== 0))
    .reverse();
  return html`<div class="scroll-x chart-table" tabindex="0" role="region" aria-label=${`${c.title}, as a table`}>
    <table class="table"><thead><tr><th scope="col">Until</th>
    ${lines.map((l) => html`<th key=${l.label} scope="col" class="num">${l.label}</th>`)}</tr></thead>
    <tbody>${rows.slice(0, 200).map(
      (i) => html`<tr key=${i}><th scope="row">${clock(x[i] * 1000, Date.now())}</th>
      ${lines.map((l) => html`<td key=${l.label} class="num">${format(l.values[i])}</td>`)}</tr>`,
    )}</tbody></table>
      </div>`;
}

/** @param {{c: any}} p one of chartsOf(), with lines */
export function Chart({ c }) {
  const [as, setAs] = useState('chart');
  const [at, setAt] = useState(/** @type {number | null} */ (null));
  const format = units[c.unit];
  const { x, lines } = c.chart;
  const last = x.length - 1;
  const lastOf = (l) => l.values.findLast((v) => v !== null);
  return html`<figure class="chart"><figcaption><h3>${c.title}</h3><${Choice} label=${`${c.title} as`} value=${as}
    options=${[
      ['chart', 'Chart'],
      ['table', 'Table'],
    ]} onPick=${setAs} /></figcaption>
    <ul class="chart-legend" aria-label=${`Newest values of ${c.title}`}>
      ${lines.map(
        (l) => html`<li key=${l.label}><i class=${`key line-${l.tone % TONES}`} />
      ${l.label} <span class="num strong">${format(at === null ? lastOf(l) : l.values[at])}</span></li>`,
      )}
      <li class="dim chart-at">${at === null ? 'newest' : clock(x[at] * 1000, Date.now())}</li></ul>
    ${as === 'chart' ? html`<${Canvas} c=${c} onAt=${setAt} />` : html`<${Numbers} c=${c} />`}</figure>`;
}
