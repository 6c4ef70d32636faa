// SPDX-License-Identifier: Apache-2.0
// run.js -- one run: why, what took how long, where the rows went, what got better or worse, what happened.

import { command } from '../lib/command.js';
import { useDoc } from '../lib/docs.js';
import { count, duration, plural } from '../lib/format.js';
import { accountOf, phasesOf, sum, ticks, timeline } from '../lib/account.js';
import { useNow } from '../lib/clock.js';
import { useKeys } from '../lib/keys.js';
import { doc, to } from '../lib/route.js';
import { go } from '../lib/router.js';
import { may } from '../lib/session.js';
import { isOpen, stateOf } from '../lib/states.js';
import { askRetry, askVerb } from '../parts/acts.js';
import { Command, Empty, Facts, Head, Link, Shown, Since, useTitle, When } from '../parts/bits.js';
import { EventList } from '../parts/events.js';
import { html } from '../parts/html.js';
import { Mark } from '../parts/mark.js';
import { AccountBar, Change, PhaseBar, Share } from '../parts/marks.js';
import { SampleRows } from '../parts/samples.js';
import { Table, useWindow } from '../parts/table.js';

const LANE = 26;

/** Where the duration stands: behind its bar, before it where that has no room.
 * @param {{left: number, width: number}} bar */
const besides = ({ left, width }) =>
  left + width > 0.82 ? { right: `${(1 - left) * 100}%` } : { left: `${(left + width) * 100}%` };

/** @param {{pipeline: string, flows: any[]}} p */
function Timeline({ pipeline, flows }) {
  const open = flows.some((f) => isOpen(f.state) && f.started);
  const now = useNow(open ? 1000 : 60_000);
  const { span, bars } = timeline(flows, now);
  const marks = ticks(span);
  const w = useWindow(flows.length, LANE);
  return html`<div class="gantt" role="table" aria-label="What took how long">
    <div class="gantt-axis" aria-hidden="true"><span /><div class="gantt-lane">
    ${marks.map(
      (t) => html`<span key=${t} class="gantt-tick" style=${{ left: `${(t / span) * 100}%` }}>${duration(t)}
    </span>`,
    )}</div></div>
    <div ref=${w.ref} style=${{ paddingTop: `${w.above}px`, paddingBottom: `${w.below}px` }} role="rowgroup">
      ${flows.slice(w.from, w.until).map((f, at) => {
        const i = w.from + at;
        const s = stateOf(f.state);
        return html`<div key=${f.flow} class="gantt-row" role="row" data-row><div class="gantt-name" role="rowheader">
        <${Link} to=${to.table(pipeline, f.table)} title=${f.flow}>${f.flow}</${Link}><${Mark} name=${f.state} hide />
        </div>
        <div class="gantt-lane" role="cell">
          ${
            f.started
              ? html`<span class=${`gantt-bar fill-${s.tone} hatch-${s.tone}`}
          style=${{ left: `${bars[i].left * 100}%`, width: `${bars[i].width * 100}%` }} />
          <span class="gantt-took num" style=${besides(bars[i])}>
            ${f.ended ? duration(f.duration_ms) : html`<${Since} from=${f.started} />`}</span>`
              : html`<span class="dim gantt-why">${f.reason ?? s.word}</span>`
          }</div></div>`;
      })}</div></div>`;
}

/** @param {string} pipeline @returns {import('../parts/table.js').Column[]} */
const accountColumns = (pipeline) => [
  {
    key: 'flow',
    head: 'Flow',
    first: true,
    cell: (f) => html`<${Link} to=${to.table(pipeline, f.table)}>${f.flow}
    </${Link}>`,
  },
  { key: 'read', head: 'Read', num: true, sort: (f) => f.counters.read, cell: (f) => count(f.counters.read) },
  {
    key: 'went',
    head: 'Where they went',
    class: 'wide',
    cell: (f) => html`<${AccountBar} counters=${f.counters}
    legend />`,
  },
];

/** @param {{pipeline: string, flows: any[]}} p */
function Accounts({ pipeline, flows }) {
  const busy = flows.filter((f) => accountOf(f.counters).length > 0);
  if (busy.length === 0) return html`<p class="dim">No rows came in: there was nothing new.</p>`;
  return html`<${Table} label="Where the rows went" columns=${accountColumns(pipeline)} rows=${busy}
    id=${(f) => f.flow} />`;
}

/** @param {string} pipeline @returns {import('../parts/table.js').Column[]} */
const phaseColumns = (pipeline) => [
  {
    key: 'flow',
    head: 'Flow',
    first: true,
    cell: (f) => html`<${Link} to=${to.table(pipeline, f.table)}>${f.flow}</${Link}>`,
  },
  { key: 'batches', head: 'Batches', num: true, sort: (f) => f.batches, cell: (f) => count(f.batches) },
  {
    key: 'took',
    head: 'Took',
    num: true,
    sort: (f) => phasesOf(f.phases_us).all,
    cell: (f) => duration(phasesOf(f.phases_us).all),
  },
  {
    key: 'cpu',
    head: 'CPU',
    num: true,
    sort: (f) => f.cpu_us,
    cell: (f) => (f.cpu_us ? duration(f.cpu_us / 1000) : '–'),
  },
  { key: 'phases', head: 'On what', class: 'wide', cell: (f) => html`<${PhaseBar} us=${f.phases_us} />` },
];

/** @param {{pipeline: string, flows: any[]}} p */
function Phases({ pipeline, flows }) {
  const busy = flows.filter((f) => f.phases_us);
  if (busy.length === 0) return html`<p class="dim">No batch was measured.</p>`;
  return html`<${Table} label="Phases of the batches" columns=${phaseColumns(pipeline)} rows=${busy}
    id=${(f) => f.flow} stack />`;
}

const share = (e) => ((e?.passed ?? 0) + (e?.failed ?? 0) > 0 ? e.passed / (e.passed + e.failed) : null);

/** @param {string} pipeline @param {number} before @returns {import('../parts/table.js').Column[]} */
const ruleColumns = (pipeline, before) => [
  {
    key: 'table',
    head: 'Table',
    first: true,
    sort: (e) => e.table,
    cell: (e) => html`<${Link} to=${to.table(pipeline, e.table)}>${e.table}</${Link}>`,
  },
  { key: 'rule', head: 'Rule', sort: (e) => e.name, cell: (e) => e.name },
  {
    key: 'policy',
    head: 'Otherwise',
    sort: (e) => e.policy,
    cell: (e) => html`<span class=${`policy policy-${e.policy}`}>${e.policy}</span>`,
  },
  { key: 'share', head: 'Pass', sort: (e) => share(e), cell: (e) => html`<${Share} share=${share(e)} />` },
  {
    key: 'failed',
    head: 'Failed',
    num: true,
    sort: (e) => e.failed,
    cell: (e) =>
      e.failed && e.policy === 'quarantine'
        ? html`<${Link} to=${`${to.quarantine(pipeline, e.table)}?rule=${encodeURIComponent(e.name)}`}>
          ${count(e.failed)}</${Link}>`
        : count(e.failed),
  },
  {
    key: 'change',
    head: `Against run ${before}`,
    num: true,
    sort: (e) => e.change,
    cell: (e) => html`<${Change} by=${e.change} />`,
  },
];

/** @param {{pipeline: string, flows: any[], before: any, number: number}} p */
function Expectations({ pipeline, flows, before, number }) {
  const old = new Map(
    (before?.flows ?? []).flatMap((f) => (f.expectations ?? []).map((e) => [`${f.flow}/${e.name}`, e])),
  );
  const rows = flows.flatMap((f) =>
    (f.expectations ?? []).map((e) => {
      const now = share(e);
      const then = share(old.get(`${f.flow}/${e.name}`));
      return { ...e, flow: f.flow, table: f.table, change: now !== null && then !== null ? now - then : null };
    }),
  );
  if (rows.length === 0) return html`<p class="dim">None of these tables has rules.</p>`;
  return html`<${Table} label="Expectations" columns=${ruleColumns(pipeline, before?.number ?? number - 1)}
    rows=${rows} id=${(e) => `${e.flow}/${e.name}`} />`;
}

const ERRORS = 8;

/** What went wrong, first, with rows that broke it. @param {{pipeline: string, flows: any[], events: any[], error?: string}} p */
function Errors({ pipeline, flows, events, error }) {
  const bad = flows.filter((f) => f.state === 'failed');
  const behind = flows.filter((f) => f.state === 'skipped');
  if (bad.length === 0 && !error) return null;
  const link = (f, i) => html`${i ? ', ' : ''}<${Link} to=${to.table(pipeline, f.table)}>${f.flow}</${Link}>`;
  const links = [...behind.slice(0, 2 * ERRORS).map(link), behind.length > 2 * ERRORS ? ' …' : ''];
  return html`<section class="errors" aria-labelledby="errors"><${Head} id="errors" title="What went wrong" />
    ${
      error && !bad.some((f) => f.error && error.includes(f.error))
        ? html`<p class="note tone-bad pre">${error}
      </p>`
        : null
    }
    ${bad.slice(0, ERRORS).map(
      (f) => html`<article key=${f.flow} class="note tone-bad"><h3>
      <${Mark} name="failed" hide /> <${Link} to=${to.table(pipeline, f.table)}>${f.flow}</${Link}></h3>
      <p class="pre">${f.error ?? f.reason ?? 'failed'}</p>
      <${SampleRows} events=${events.filter((e) => e.flow === f.flow)} /></article>`,
    )}
    ${
      bad.length > ERRORS
        ? html`<p class="note tone-bad">${plural(bad.length - ERRORS, 'more flow')} failed: <${Link}
      to=${`${to.pipeline(pipeline, 'list')}?state=bad`}>all of them</${Link}></p>`
        : null
    }
    ${
      behind.length
        ? html`<p class="note"><${Mark} name="skipped"
      hide /> ${plural(behind.length, 'table')} behind it ${behind.length === 1 ? 'was' : 'were'} skipped: ${links}</p>`
        : null
    }</section>`;
}

/** @param {{pipeline: string, r: any, events: ReturnType<typeof useDoc>, before: any, newest: number}} p */
function Whole({ pipeline, r, events, before, newest }) {
  const open = isOpen(r.state);
  const flows = [...(r.flows ?? [])].sort((a, b) => ((a.started ?? '~') < (b.started ?? '~') ? -1 : 1));
  const total = sum(flows.map((f) => f.counters));
  const list = events.data?.events ?? [];
  return html`<div class="page-head"><div class="page-title"><h1>Run ${r.number}</h1>
    <${Mark} name=${r.state} warnings=${r.warnings} /></div>
      <div class="acts"><${Link} class="button" to=${to.run(pipeline, r.number - 1)} aria-disabled=${r.number <= 1}
        title="Previous run ([)">‹ Previous</${Link}>
        ${
          r.number < newest
            ? html`<${Link} class="button" to=${to.run(pipeline, r.number + 1)}
        title="Next run (])">Next ›</${Link}>`
            : null
        }
        ${
          may('operator')
            ? html`${
                open
                  ? html`<button type="button"
          onClick=${() => askVerb('stop', pipeline)}>Stop</button>`
                  : null
              }${
                r.state === 'failed'
                  ? html`<button
          type="button" class="primary" onClick=${() => askRetry(pipeline, r.number, true)}>Retry failed</button>`
                  : null
              }${open ? null : html`<button type="button"
                onClick=${() => askRetry(pipeline, r.number, false)}>Retry all</button>`}`
            : null
        }</div></div>
    <${Facts} of=${[
      ['Cause', r.cause],
      ['By', r.by],
      [
        'Selection',
        r.selection
          ? html`<code>${r.selection}
        </code>`
          : null,
      ],
      [
        'Began',
        html`<${When} at=${r.started ?? r.created}
        both />`,
      ],
      [
        'Waited',
        r.started && r.created && Date.parse(r.started) - Date.parse(r.created) > 50
          ? duration(Date.parse(r.started) - Date.parse(r.created))
          : null,
      ],
      ['Took', open ? html`<${Since} from=${r.started ?? r.created} />` : duration(r.duration_ms)],
      ['CPU', r.cpu_us ? duration(r.cpu_us / 1000) : null],
      ['Commit', r.commit ? html`<code>${String(r.commit).slice(0, 7)}</code>` : null],
      ['Target', r.target],
      ['Rows written', count(total.written ?? 0)],
      [
        'The same',
        html`<${Command} text=${command.run(pipeline, { select: r.selection || undefined })} />`,
      ],
    ]} />
    <${Errors} pipeline=${pipeline} flows=${flows} events=${list} error=${r.error} />
    ${
      flows.length === 0
        ? html`<${Empty} title=${open ? 'No table has begun yet' : 'This run touched no table'} />`
        : html`
      <section aria-labelledby="timeline"><${Head} id="timeline" title="Timeline"><span class="dim">
        ${plural(flows.length, 'flow')}</span></${Head}><${Timeline} pipeline=${pipeline} flows=${flows} /></section>
      <section aria-labelledby="phases"><${Head} id="phases" title="Phases of the batches" />
        <${Phases} pipeline=${pipeline} flows=${flows} /></section>
      <section aria-labelledby="accounts"><${Head} id="accounts" title="Where the rows went" />
        <${Accounts} pipeline=${pipeline} flows=${flows} /></section>
      <section aria-labelledby="rules"><${Head} id="rules" title="Expectations" />
        <${Expectations} pipeline=${pipeline} flows=${flows} before=${before} number=${r.number} /></section>`
    }
    <section aria-labelledby="events"><${Head} id="events" title="Events">
      <${Command} text=${command.events(pipeline, { run: r.number })} /></${Head}><${Shown} doc=${events} what="The events">
      ${(d) => html`<${EventList} events=${d.events} pipeline=${pipeline} />`}</${Shown}></section>`;
}

/** @param {{pipeline: string, run: string}} p */
export function Run({ pipeline, run }) {
  const n = Number(run);
  const look = useDoc(doc.of(pipeline, `runs/${run}`));
  const events = useDoc(doc.of(pipeline, `runs/${run}/events?limit=500`));
  const before = useDoc(n > 1 ? doc.of(pipeline, `runs/${n - 1}`) : null);
  const runs = useDoc(doc.of(pipeline, 'runs?limit=1'));
  const newest = runs.data?.runs?.[0]?.number ?? n;
  useTitle(`Run ${run} of ${pipeline}`);
  useKeys(
    {
      '[': () => n > 1 && go(to.run(pipeline, n - 1)),
      ']': () => n < newest && go(to.run(pipeline, n + 1)),
    },
    [n, newest],
  );
  return html`<${Shown} doc=${look} what=${`Run ${run} of ${pipeline}`}>
    ${(r) => html`<${Whole} pipeline=${pipeline} r=${r} events=${events} before=${before.data} newest=${newest} />`}
    </${Shown}>`;
}
