// SPDX-License-Identifier: Apache-2.0
// events.js -- what happened, the newest first, with filters.

import { useState } from 'preact/hooks';
import { to } from '../lib/route.js';
import { Choice, Empty, Link, Search, When } from './bits.js';
import { html } from './html.js';

const levels = ['debug', 'info', 'warn', 'error'];
const STEP = 100;

/** @type {Record<string, [string, string]>} level: state that lends its shape, word */
export const levelMarks = {
  debug: ['·', 'debug'],
  info: ['○', 'info'],
  warn: ['▲', 'warning'],
  error: ['✖', 'error'],
};

/** @param {any} e */
const words = (e) => `${e.type} ${e.table ?? ''} ${e.flow ?? ''} ${e.message ?? ''}`.toLowerCase();

/** @param {{e: any, pipeline?: string}} p */
function Event({ e, pipeline }) {
  const p = pipeline ?? e.pipeline;
  const [mark, word] = levelMarks[e.level] ?? levelMarks.info;
  const details = e.details && Object.keys(e.details).length > 0;
  return html`<li id=${`e${e.id}`} class=${`event event-${e.level}`} data-row><span class="event-time">
    <${When} at=${e.time} absolute /></span><span class="event-level" title=${word}><span aria-hidden="true">${mark}
    </span><span class="only-read">${word}</span></span>
    <span class="event-what">${
      pipeline === undefined && e.pipeline
        ? html`<${Link} to=${to.pipeline(e.pipeline)}>
      ${e.pipeline}</${Link}> `
        : null
    }${
      e.table
        ? html`<${Link} to=${to.table(p, e.table)}>${e.table}
      </${Link}> `
        : null
    }<span class="event-type">${e.type.replaceAll('_', ' ')}</span> <span class="event-message">
      ${e.message ?? ''}</span>
    ${
      details
        ? html`<details><summary>details</summary><pre tabindex="0" aria-label="Details">
      ${JSON.stringify(e.details, null, 1)}</pre></details>`
        : null
    }</span></li>`;
}

/** @param {{events: any[], pipeline?: string}} p oldest first, as they are told */
export function EventList({ events, pipeline }) {
  const [level, setLevel] = useState('info');
  const [find, setFind] = useState('');
  const [shown, setShown] = useState(STEP);
  const list = events
    .filter(
      (e) =>
        levels.indexOf(e.level) >= levels.indexOf(level) && (find === '' || words(e).includes(find.toLowerCase())),
    )
    .reverse();
  return html`<div class="filters"><${Choice} label="Least level" value=${level}
    options=${levels.map((l) => [l, levelMarks[l][1]])} onPick=${setLevel} />
    <${Search} label="Find in events" value=${find} onInput=${setFind} /></div>
    ${
      list.length === 0
        ? html`<${Empty} title=${events.length === 0 ? 'Nothing happened yet' : 'No event fits these filters'} />`
        : html`<ol class="events">${list.slice(0, shown).map((e) => html`<${Event}
          key=${`${e.pipeline ?? ''}/${e.id}`} e=${e} pipeline=${pipeline} />`)}</ol>
      ${
        list.length > shown
          ? html`<p><button type="button"
        onClick=${() => setShown(shown + 5 * STEP)}>Show more (${list.length - shown})</button></p>`
          : null
      }`
    }`;
}
