// SPDX-License-Identifier: Apache-2.0
// pipeline.js -- one pipeline: how it stands, what can be done to it, and its tabs.

import { useDoc } from '../lib/docs.js';
import { lag, plural, rate } from '../lib/format.js';
import { useKeys } from '../lib/keys.js';
import { doc, tabs, to } from '../lib/route.js';
import { go } from '../lib/router.js';
import { may } from '../lib/session.js';
import { tablesOf } from '../lib/select.js';
import { isOpen, nextWord } from '../lib/states.js';
import { askFullRefresh, askReload, askRetry, askRun, askRunSelected, askVerb } from '../parts/acts.js';
import { Facts, Link, Menu, Shown, Since, useTitle, When } from '../parts/bits.js';
import { html } from '../parts/html.js';
import { Mark } from '../parts/mark.js';
import { RunMarks } from '../parts/marks.js';
import { Graph } from './tab_graph.js';
import { Grid } from './tab_runs.js';
import { List } from './tab_list.js';
import { Quality } from './tab_quality.js';
import { State } from './tab_state.js';
import { Streaming } from './tab_streaming.js';

/** @type {Record<string, [string, any]>} */
const pages = {
  graph: ['Graph', Graph],
  list: ['List', List],
  runs: ['Runs', Grid],
  quality: ['Quality', Quality],
  streaming: ['Streaming', Streaming],
  state: ['Checkpoints', State],
};

/** @param {{d: any}} p */
function Acts({ d }) {
  const names = tablesOf(d.datasets).filter((t) => t.kind !== 'source').map((t) => t.name);
  const running = ['running', 'queued', 'retrying'].includes(d.doing) || isOpen(d.run?.state);
  const failed = d.run?.state === 'failed';
  if (!may('operator')) return null;
  return html`<div class="acts">
    ${
      failed
        ? html`<button type="button"
      onClick=${() => askRetry(d.pipeline, d.run.number, true)}>Retry failed</button>`
        : null
    }
    ${running ? html`<button type="button" onClick=${() => askVerb('stop', d.pipeline)}>Stop</button>` : null}
    <button type="button" onClick=${() => askVerb(d.paused ? 'resume' : 'pause', d.pipeline)}>
      ${d.paused ? 'Resume' : 'Pause'}</button>
    <${Menu} label="Run" class="primary" items=${[
      { text: 'Run', hint: 'everything new', act: () => askRun(d.pipeline) },
      { text: 'Run some tables …', act: () => askRunSelected(d.pipeline, names) },
      may('admin') ? { text: 'Deploy the files as they are …', act: askReload } : null,
      may('admin') ? { text: 'Full refresh …', danger: true, act: () => askFullRefresh(d.pipeline, names) } : null,
    ]} /></div>`;
}

/** @param {{d: any}} p */
function Header({ d }) {
  const tables = tablesOf(d.datasets).filter((t) => t.kind !== 'source').length;
  const open = isOpen(d.run?.state);
  const rates = d.rows_per_second ?? [];
  return html`<div class="page-head"><div class="page-title"><h1>${d.pipeline}</h1>
    <${Mark} name=${d.paused ? 'paused' : ['running', 'queued', 'retrying', 'stopping'].includes(d.doing) ? d.doing : d.state} />
      ${d.description ? html`<p class="about">${d.description}</p>` : null}</div><${Acts} d=${d} /></div>
    ${
      d.reload_error
        ? html`<p class="note tone-bad" role="alert">
      <strong>The files have changed and are not deployed:</strong> <span class="pre">${d.reload_error}</span>
      </p>`
        : null
    }
    <${Facts} of=${[
      [
        open ? 'Running' : 'Last run',
        d.run
          ? html`<${Link} to=${to.run(d.pipeline, d.run.number)}>run ${d.run.number}
        </${Link}> ${
          open
            ? html`for <${Since} from=${d.run.started ?? d.run.created} />`
            : html`<${When} at=${d.run.ended ?? d.run.created} />`
        }`
          : 'never ran',
      ],
      ['Runs', html`<${RunMarks} pipeline=${d.pipeline} runs=${d.last_runs} />`],
      [
        'Behind',
        d.freshness?.lag_seconds === undefined || d.freshness?.lag_seconds === null
          ? null
          : lag(d.freshness.lag_seconds),
      ],
      ['Rows/s', rates.length ? rate(rates.at(-1)) : null],
      [
        'Next',
        d.paused
          ? `paused${d.paused_by ? ` by ${d.paused_by}` : ''}`
          : d.retry_at
            ? html`<${When} at=${d.retry_at} /> <span class="dim">try again</span>`
            : d.next?.at
            ? html`<${When} at=${d.next.at} /> <span class="dim">${d.next.cause ?? ''}</span>`
            : nextWord(d.next),
      ],
      ['Trigger', d.trigger],
      ['Tables', plural(tables, 'table')],
      ['File', html`<code>${d.file}</code>`],
      [
        'Commit',
        d.commit
          ? html`<code>${d.commit.slice(0, 7)}
        </code>`
          : null,
      ],
      ['Target', d.target],
    ]} />`;
}

/** @param {{pipeline: string, tab: string, query: URLSearchParams}} p */
export function Pipeline({ pipeline, tab, query }) {
  const look = useDoc(doc.of(pipeline));
  useTitle(`${pages[tab][0]} of ${pipeline}`);
  useKeys(
    {
      ...Object.fromEntries(tabs.map((t, i) => [String(i + 1), () => go(to.pipeline(pipeline, t))])),
      r: () => may('operator') && askRun(pipeline),
    },
    [pipeline],
  );
  const Tab = pages[tab][1];
  return html`<${Shown} doc=${look} what=${`The pipeline ${pipeline}`}>${(d) => html`<${Header} d=${d} />
    <nav class="tabs" aria-label=${`Pages of ${pipeline}`}>
      ${tabs.map(
        (t) => html`<${Link} key=${t} to=${to.pipeline(pipeline, t)}
      aria-current=${t === tab ? 'page' : undefined}>${pages[t][0]}</${Link}>`,
      )}</nav>
    <section class="tab" aria-label=${pages[tab][0]}><${Tab} d=${d} pipeline=${pipeline} query=${query} /></section>`}
      </${Shown}>`;
}
