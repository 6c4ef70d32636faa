// SPDX-License-Identifier: Apache-2.0
// marks.js -- small pictures within text: lines, bars, the last runs.  Each has its words.

import { percent, count, duration, lag, rate } from '../lib/format.js';
import { accountOf, phasesOf } from '../lib/account.js';
import { stateOf } from '../lib/states.js';
import { to } from '../lib/route.js';
import { Link } from './bits.js';
import { cx, html } from './html.js';

/** A line without axes. @param {{values: (number | null)[], label: string, low?: number, high?: number, width?: number, height?: number}} p */
export function Spark({ values, label, low, high, width = 96, height = 22 }) {
  const known = values.filter((v) => typeof v === 'number');
  if (known.length < 2) return html`<span class="spark spark-none" role="img" aria-label=${label} />`;
  const min = low ?? Math.min(0, .../** @type {number[]} */ (known));
  const max = Math.max(high ?? -Infinity, .../** @type {number[]} */ (known), min + 1e-9);
  const x = (i) => 1 + (i * (width - 2)) / Math.max(1, values.length - 1);
  const y = (v) => height - 2 - ((v - min) / (max - min)) * (height - 4);
  let d = '';
  let pen = 'M';
  values.forEach((v, i) => {
    if (typeof v !== 'number') {
      pen = 'M';
      return;
    }
    d += `${pen}${x(i).toFixed(1)} ${y(v).toFixed(1)}`;
    pen = 'L';
  });
  const last = values.at(-1);
  return html`<svg class="spark" role="img" aria-label=${label} viewBox=${`0 0 ${width} ${height}`} width=${width}
    height=${height}>
    <path class="spark-line" d=${d} />${
      typeof last === 'number'
        ? html`<circle class="spark-end"
      cx=${x(values.length - 1)} cy=${y(last)} r="2" />`
        : null
    }</svg>`;
}

/** Runs per second of a pipeline. @param {{values?: number[]}} p */
export const RateSpark = ({ values }) => {
  const v = values ?? [];
  return html`<span class="rate"><${Spark} values=${v} label=${`rows per second, now ${rate(v.at(-1))}`} />
    <span class="num">${v.length ? rate(v.at(-1)) : '–'}</span></span>`;
};

/** The last runs, oldest left: height is duration, hatching and colour are state; leads to all of them.
 * @param {{pipeline: string, runs?: any[]}} p */
export function RunMarks({ pipeline, runs }) {
  const list = [...(runs ?? [])].slice(0, 10).reverse();
  if (list.length === 0) return html`<span class="dim">no runs</span>`;
  const longest = Math.max(1, ...list.map((r) => Math.sqrt(r.duration_ms ?? 0)));
  const words = (r) =>
    `run ${r.number} ${stateOf(r.state, r.warnings).word}${r.duration_ms === undefined ? '' : ` in ${duration(r.duration_ms)}`}`;
  return html`<${Link} to=${to.pipeline(pipeline, 'runs')} class="run-marks"
    aria-label=${`The last runs of ${pipeline}: ${[...list].reverse().map(words).join(', ')}`}>${list.map((r) => {
      const s = stateOf(r.state, r.warnings);
      const height = 6 + Math.round((16 * Math.sqrt(r.duration_ms ?? 0)) / longest);
      return html`<span key=${r.number} class=${`run-bar fill-${s.tone} hatch-${s.tone}`} title=${words(r)}
      style=${{ height: `${height}px` }} />`;
    })}</${Link}>`;
}

/** How old data is, against its budget. @param {{freshness?: any}} p */
export function FreshBar({ freshness: f }) {
  if (!f || f.lag_seconds === undefined || f.lag_seconds === null) return html`<span class="dim">–</span>`;
  const limit = f.error_after ?? f.warn_after;
  const s = stateOf(f.state ?? 'fresh');
  if (!limit) return html`<span class="num">${lag(f.lag_seconds)}</span>`;
  const share = Math.min(1, f.lag_seconds / limit);
  const words = `${lag(f.lag_seconds)} behind, ${f.warn_after ? `late after ${lag(f.warn_after)}` : ''}${f.warn_after && f.error_after ? ', ' : ''}${f.error_after ? `too late after ${lag(f.error_after)}` : ''}`;
  return html`<span class="fresh" title=${words}><span class="num">${lag(f.lag_seconds)}</span>
    <span class="fresh-bar" role="img" aria-label=${words}><span class=${`fresh-fill fill-${s.tone}`}
      style=${{ width: `${Math.max(3, share * 100)}%` }} />
      ${
        f.warn_after && f.error_after
          ? html`<span class="fresh-warn"
        style=${{ left: `${(f.warn_after / limit) * 100}%` }} />`
          : null
      }</span></span>`;
}

/** Where rows went, as one bar. @param {{counters: any, legend?: boolean}} p */
export function AccountBar({ counters, legend }) {
  const parts = accountOf(counters);
  if (parts.length === 0) return html`<span class="dim">nothing new</span>`;
  const words = parts.map((p) => `${count(p.rows)} ${p.word}`).join(', ');
  return html`<span class="account"><span class="account-bar" role="img" aria-label=${words} title=${words}>
    ${parts.map(
      (p) => html`
    <span key=${p.key} class=${`account-part acc-${p.tone}`} style=${{ flexGrow: Math.max(p.share, 0.006) }} />`,
    )}
      </span>
    ${
      legend
        ? html`<span class="account-legend" aria-hidden="true">${parts.map(
            (p) => html`<span key=${p.key}>
      <i class=${`key acc-${p.tone}`} />${count(p.rows)} ${p.word}</span>`,
          )}</span>`
        : null
    }</span>`;
}

/** Where the time of batches went. @param {{us: Record<string, number> | undefined}} p */
export function PhaseBar({ us }) {
  const { parts } = phasesOf(us);
  if (parts.length === 0) return html`<span class="dim">not measured</span>`;
  const words = parts.map((p) => `${p.key} ${duration(p.ms)}`).join(', ');
  return html`<span class="account"><span class="account-bar" role="img" aria-label=${words} title=${words}>
    ${parts.map(
      (p) => html`
    <span key=${p.key} class=${`account-part acc-${p.tone}`} style=${{ flexGrow: Math.max(p.share, 0.006) }} />`,
    )}</span>
    <span class="account-legend" aria-hidden="true">${parts
      .filter((p) => p.share >= 0.01)
      .map((p) => html`<span key=${p.key}><i class=${`key acc-${p.tone}`} />${p.key} ${duration(p.ms)}</span>`)}</span>
    </span>`;
}

/** A share as number and bar. @param {{share: number | null}} p */
export function Share({ share }) {
  if (share === null || share === undefined) return html`<span class="dim">–</span>`;
  return html`<span class=${cx('share', share < 0.99 && 'share-less')}><span class="share-bar" aria-hidden="true">
    <span style=${{ width: `${share * 100}%` }} /></span><span class="num">${percent(share)}</span></span>`;
}

/** How a share changed, in points of a hundred. @param {{by: number | null}} p */
export function Change({ by }) {
  if (by === null || Math.abs(by) < 1e-9) return html`<span class="dim">${by === null ? '–' : 'same'}</span>`;
  return html`<span class=${by < 0 ? 'tone-bad' : 'tone-ok'}>
    ${by < 0 ? '▼' : '▲'} ${percent(Math.abs(by)).replace('%', 'points')}</span>`;
}

/** The layer of a table, as a word with its metal. @param {{name?: string}} p */
export const Layer = ({ name }) =>
  name
    ? html`<span class=${`layer layer-${/^(bronze|silver|gold)$/.test(name) ? name : 'other'}`}>${name}
  </span>`
    : html`<span class="dim">–</span>`;
