// SPDX-License-Identifier: Apache-2.0
// events.js -- the event log of the whole system; what happens now is added as it happens.

import { useState } from 'preact/hooks';
import { useDoc } from '../lib/docs.js';
import { useEvents } from '../lib/live.js';
import { setQuery } from '../lib/router.js';
import { Command, Select, Shown, useTitle } from '../parts/bits.js';
import { EventList } from '../parts/events.js';
import { html } from '../parts/html.js';

const KEPT = 500;

/** @param {any} e */
const idOf = (e) => `${e.pipeline ?? ''}/${e.id}`;

/** @param {{query: URLSearchParams}} p */
export function Events({ query }) {
  const pipeline = query.get('pipeline') ?? '';
  const look = useDoc(`events?limit=300${pipeline ? `&pipeline=${encodeURIComponent(pipeline)}` : ''}`);
  const all = useDoc('overview');
  const [fresh, setFresh] = useState(/** @type {any[]} */ ([]));
  useEvents(
    (e) => setFresh((list) => (list.some((old) => idOf(old) === idOf(e)) ? list : [...list.slice(-KEPT), e])),
    [],
  );
  useTitle('Events');
  const names = (all.data?.pipelines ?? []).map((p) => p.pipeline);
  return html`<div class="page-head"><div class="page-title"><h1>Events</h1></div><div class="acts">
    ${
      names.length > 1
        ? html`<${Select} label="Pipeline" value=${pipeline}
    options=${[['', 'all'], ...names.map((n) => [n, n])]} onPick=${(p) => setQuery({ pipeline: p })} />`
        : null
    }
    <${Command} text="smelt events -f" /></div></div>
    <${Shown} doc=${look} what="The event log">${(d) => {
      const known = new Set(d.events.map(idOf));
      const added = fresh.filter((e) => !known.has(idOf(e)));
      const list = [...d.events, ...added].filter(
        (e) => !pipeline || e.pipeline === undefined || e.pipeline === pipeline,
      );
      return html`<${EventList} events=${list.slice(-2 * KEPT)} />`;
    }}</${Shown}>`;
}
