// SPDX-License-Identifier: Apache-2.0
// overview.js -- what one opens in the morning: is everything all right, how far behind, what runs,
// what happened last, what must I do, which commit is live.

import { useState } from 'preact/hooks';
import { useDoc } from '../lib/docs.js';
import { count, lag, plural } from '../lib/format.js';
import { to } from '../lib/route.js';
import { nextWord, stateOf } from '../lib/states.js';
import { may } from '../lib/session.js';
import { askReload, askRetry, askRun } from '../parts/acts.js';
import { Command, Empty, Head, Link, Search, Shown, Since, useTitle, When } from '../parts/bits.js';
import { html } from '../parts/html.js';
import { Mark, Shape } from '../parts/mark.js';
import { FreshBar, RateSpark, RunMarks } from '../parts/marks.js';
import { Table } from '../parts/table.js';

/** @param {{d: any}} p */
function Sentence({ d }) {
  const s = stateOf(d.state ?? 'ok');
  const running = d.pipelines.filter((p) => p.doing === 'running' || p.doing === 'retrying');
  const worst = d.pipelines
    .filter((p) => p.freshness?.lag_seconds !== undefined && p.freshness?.lag_seconds !== null)
    .sort((a, b) => b.freshness.lag_seconds - a.freshness.lag_seconds)[0];
  const tables = d.pipelines.reduce((n, p) => n + (p.tables ?? 0), 0);
  return html`<section class="sentence" aria-label="Is everything all right?"><p class="sentence-text" role="status">
    <span class=${`sentence-shape tone-${s.tone}`}><${Shape} state=${s} size=${22} /></span><span>${d.sentence}</span>
    </p>
    <ul class="sentence-facts"><li>${plural(d.pipelines.length, 'pipeline')}, ${plural(tables, 'table')}</li>
      <li>${
        running.length === 0
          ? 'nothing running'
          : html`running: ${running.map(
              (p, i) => html`${i ? ', ' : ''}
        <${Link} to=${p.run ? to.run(p.pipeline, p.run.number) : to.pipeline(p.pipeline)}>${p.pipeline}
        </${Link}> for <${Since} from=${p.run?.started ?? p.run?.created} />`,
            )}`
      }</li>
      ${
        worst
          ? html`<li>furthest behind: <${Link} to=${to.pipeline(worst.pipeline)}>${worst.pipeline}
        </${Link}>, ${lag(worst.freshness.lag_seconds)}${worst.freshness.lag_rows ? `, ${count(worst.freshness.lag_rows)} rows` : ''}</li>`
          : null
      }</ul></section>`;
}

/** @type {Record<string, string>} */
const kinds = {
  quarantine: 'Quarantine',
  reload: 'Not deployed',
  schema: 'Schema drift',
  failed: 'Failed',
  stale: 'Stale',
  late: 'Late',
  late_rows: 'Late rows',
  unbounded: 'Grows for ever',
};
/** @type {Record<string, string>} */
const kindStates = {
  failed: 'failed',
  reload: 'failed',
  stale: 'stale',
  late: 'late',
  quarantine: 'degraded',
  late_rows: 'degraded',
  schema: 'degraded',
  unbounded: 'degraded',
};

/** Where the page shows what an item is about. @param {any} a */
function placeOf(a) {
  if (a.href) return `/${a.href}`;
  if (a.kind === 'quarantine' && a.table) return to.quarantine(a.pipeline, a.table);
  if (a.kind === 'failed' && a.run) return to.run(a.pipeline, a.run);
  if (a.table) return to.table(a.pipeline, a.table);
  return to.pipeline(a.pipeline);
}

/** Tables are named, whatever the message says. @param {any} a */
const wordsOf = (a) => (a.table && !a.message.includes(a.table) ? `${a.table}: ${a.message}` : a.message);

/** What can be done about it, here and now. @param {{a: any}} p */
function Remedy({ a }) {
  const run = /\/r\/(\d+)$/.exec(a.href ?? '')?.[1];
  if (a.kind === 'reload' && may('admin')) return html`<button type="button" onClick=${askReload}>Reload</button>`;
  if (a.act !== 'retry' || !run || !may('operator')) return null;
  return html`<button type="button" onClick=${() => askRetry(a.pipeline, Number(run), true)}>Retry</button>`;
}

/** @param {{list: any[]}} p */
function Attention({ list }) {
  if (list.length === 0) return null;
  const kindOf = (a) => kindStates[a.kind] ?? 'degraded';
  const sorted = [...list].sort((a, b) => stateOf(kindOf(b)).rank - stateOf(kindOf(a)).rank);
  return html`<section class="attention" aria-labelledby="attention">
    <${Head} id="attention" title="Needs attention"><span class="pill">${list.length}</span></${Head}>
    <ul>${sorted.map(
      (a, i) => html`<li key=${i} data-row>
        <${Mark} name=${kindOf(a)} word=${kinds[a.kind] ?? a.kind} class="attention-kind" />
        <${Link} to=${placeOf(a)} class="attention-text">${wordsOf(a)}</${Link}>
        ${a.command ? html`<${Command} text=${a.command} />` : null}<${Remedy} a=${a} /></li>`,
    )}</ul></section>`;
}

/** @param {any} p what is said of a pipeline under its name */
const under = (p) =>
  p.reload_error
    ? 'newer files are not deployed: they are invalid'
    : p.failing?.length
      ? `failing: ${p.failing.slice(0, 3).join(', ')}${p.failing.length > 3 ? ` and ${p.failing.length - 3} more` : ''}`
      : p.stale?.length
        ? `stale: ${p.stale.slice(0, 3).join(', ')}${p.stale.length > 3 ? ` and ${p.stale.length - 3} more` : ''}`
        : (p.description ?? '');

const doingWords = /** @type {Record<string, string>} */ ({
  queued: 'queued',
  running: 'running',
  retrying: 'retrying',
  stopping: 'stopping',
});

/** there: does anything have it? @type {(import('../parts/table.js').Column & {there?: (p: any) => any})[]} */
const columns = [
  {
    key: 'pipeline',
    head: 'Pipeline',
    first: true,
    sort: (p) => p.pipeline,
    cell: (p) => html`<${Link}
    to=${to.pipeline(p.pipeline)} class="strong">${p.pipeline}</${Link}><span class="under">${under(p)}</span>`,
  },
  {
    key: 'state',
    head: 'State',
    sort: (p) => -stateOf(stateName(p)).rank,
    cell: (p) => html`<${Mark} name=${stateName(p)} />`,
  },
  {
    key: 'fresh',
    there: (p) => p.freshness,
    head: 'Behind',
    sort: (p) => p.freshness?.lag_seconds,
    cell: (p) => html`<${FreshBar} freshness=${p.freshness} />`,
  },
  {
    key: 'rate',
    there: (p) => p.rows_per_second?.length,
    head: 'Rows/s',
    sort: (p) => p.rows_per_second?.at(-1),
    cell: (p) => html`<${RateSpark} values=${p.rows_per_second} />`,
  },
  { key: 'runs', head: 'Last runs', cell: (p) => html`<${RunMarks} pipeline=${p.pipeline} runs=${p.last_runs} />` },
  {
    key: 'next',
    head: 'Next',
    cell: (p) =>
      p.paused
        ? html`<span class="dim">paused</span>`
        : p.next?.at
          ? html`<span title=${p.next.cause}><${When} at=${p.next.at} />
    </span>`
          : html`<span class="dim">${nextWord(p.next)}</span>`,
  },
  {
    key: 'commit',
    there: (p) => p.commit,
    head: 'Commit',
    cell: (p) => html`<code class="commit" title=${p.file}>
    ${p.commit ? p.commit.slice(0, 7) : '–'}</code>`,
  },
  {
    key: 'act',
    head: html`<span class="only-read">Run</span>`,
    class: 'act',
    cell: (p) =>
      may('operator')
        ? html`<button type="button" aria-label=${`Run ${p.pipeline}`} disabled=${p.doing === 'running'}
          onClick=${() => askRun(p.pipeline)}>Run</button>`
        : null,
  },
];

/** @param {any} p */
const stateName = (p) => (p.paused && !p.failing?.length && !p.stale?.length ? 'paused' : (doingWords[p.doing] ?? p.state));

/** @param {{d: any}} p */
function Pipelines({ d }) {
  const [find, setFind] = useState('');
  const rows = d.pipelines.filter(
    (p) => find === '' || `${p.pipeline} ${p.description ?? ''}`.toLowerCase().includes(find.toLowerCase()),
  );
  return html`<section aria-labelledby="pipelines"><${Head} id="pipelines" title="Pipelines">
    <${Search} label="Find a pipeline" value=${find} onInput=${setFind} /></${Head}>
    ${
      d.pipelines.length === 0
        ? html`<${Empty} title="No pipeline is deployed">
      <p>Make one: <${Command} text="smelt init demo --template demo" /></p></${Empty}>`
        : rows.length === 0
          ? html`<${Empty} title=${`No pipeline is called like “${find}”`} />`
          : html`<${Table} label="Pipelines" columns=${columns.filter((c) => !c.there || d.pipelines.some(c.there))}
            rows=${rows} id=${(p) => p.pipeline} stack
            start="state" />`
    }
          </section>`;
}

export function Overview() {
  const look = useDoc('overview');
  useTitle('');
  return html`<h1 class="only-read">Overview</h1><${Shown} doc=${look} what="The overview">${(d) => html`
    <${Sentence} d=${d} /><${Attention} list=${d.attention ?? []} /><${Pipelines} d=${d} />`}</${Shown}>`;
}
