// SPDX-License-Identifier: Apache-2.0
// tab_streaming.js -- how batches go: one time axis, one cursor, a chart for each question.

import { useMemo } from 'preact/hooks';
import { useNow } from '../lib/clock.js';
import { useDoc } from '../lib/docs.js';
import { doc, to } from '../lib/route.js';
import { setQuery } from '../lib/router.js';
import { chartsOf, windows } from '../lib/series.js';
import { Choice, Command, Empty, Link, Select, Shown } from '../parts/bits.js';
import { Chart } from '../parts/chart.js';
import { html } from '../parts/html.js';
import { Mark } from '../parts/mark.js';

/** @param {{pipeline: string, query: URLSearchParams, s: any, window: [string, string, number]}} p */
function Charts({ query, s, window }) {
  const flow = query.get('flow') ?? '';
  const now = useNow(Math.max(5000, (window[2] * 1000) / 180));
  const charts = useMemo(() => chartsOf(s, now / 1000, window[2], flow), [s, flow, window[0], now]);
  const there = charts.filter((c) => c.chart.lines.length > 0);
  const none = charts.filter((c) => c.chart.lines.length === 0);
  if (there.length === 0)
    return html`<${Empty} title=${`No batch ended in the last ${window[1]}`}>
    <p>Choose a longer time.</p></${Empty}>`;
  return html`<div class="charts">${there.map((c) => html`<${Chart} key=${`${c.key}/${window[0]}`} c=${c} />`)}</div>
    ${none.length ? html`<p class="dim">Nothing to draw in this time for: ${none.map((c) => c.title.toLowerCase()).join(' · ')}.</p>` : null}`;
}

/** What the batches suggest. @param {{pipeline: string, list: any[]}} p */
function Advice({ pipeline, list }) {
  if (list.length === 0) return null;
  return html`<ul class="advice" aria-label="Advice">${list.map(
    (a) => html`<li key=${`${a.flow}/${a.kind}`}>
      <${Mark} name="degraded" word=${a.kind.replaceAll('_', ' ')} />
      <span><${Link} to=${to.table(pipeline, a.table ?? a.flow)}>${a.flow}</${Link}>: ${a.message}</span>
      ${a.command ? html`<${Command} text=${a.command} />` : null}</li>`,
  )}</ul>`;
}

/** @param {{d: any, pipeline: string, query: URLSearchParams}} p */
export function Streaming({ pipeline, query }) {
  const key = query.get('window') ?? '1h';
  const window = windows.find((w) => w[0] === key) ?? windows[1];
  const look = useDoc(doc.of(pipeline, `streaming?since=${window[2]}`));
  const flows = [...new Set((look.data?.batches ?? []).map((b) => b.flow))].sort();
  return html`<div class="filters"><${Choice} label="Time" value=${window[0]}
    options=${windows.map((w) => [w[0], w[1]])} onPick=${(w) => setQuery({ window: w })} />
      ${
        flows.length > 1
          ? html`<${Select} label="Flow" value=${query.get('flow') ?? ''}
        options=${[['', 'all'], ...flows.map((f) => [f, f])]} onPick=${(f) => setQuery({ flow: f })} />`
          : null
      }</div>
    <${Shown} doc=${look} what="Streaming">${(s) => html`<${Advice} pipeline=${pipeline} list=${s.advice ?? []} />
      <${Charts} query=${query} s=${s} window=${window} />`}
      </${Shown}>`;
}
