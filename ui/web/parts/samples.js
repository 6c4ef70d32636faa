// SPDX-License-Identifier: Apache-2.0
// samples.js -- rows that broke a rule, out of the events that kept some.

import { cell, plural } from '../lib/format.js';
import { namesIn } from '../lib/set_aside.js';
import { cx, html } from './html.js';

const SHOWN = 5;

/** @param {{events: any[]}} p */
export function SampleRows({ events }) {
  const rich = events.filter(
    (e) =>
      Array.isArray(e.details?.samples) && e.details.samples.length > 0 && typeof e.details.samples[0] === 'object',
  );
  if (rich.length === 0) return null;
  return html`${rich.slice(0, 6).map((e) => {
    const samples = e.details.samples;
    const columns = [...new Set(samples.flatMap((s) => Object.keys(s ?? {})))];
    const bad = new Set(namesIn(e.details.expect ?? ''));
    return html`<details key=${e.id} class="samples"><summary>
      ${e.details.name ?? e.type}: ${plural(e.details.failed ?? e.details.count ?? samples.length, 'row')} failed, ${Math.min(SHOWN, samples.length)} of them</summary>
      <div class="scroll-x" tabindex="0" role="region" aria-label=${`Rows that broke ${e.details.name ?? ''}`}>
        <table class="table"><thead><tr>${columns.map((c) => html`<th key=${c} scope="col">${c}</th>`)}</tr></thead>
        <tbody>${samples.slice(0, SHOWN).map(
          (s, i) => html`<tr key=${i}>
          ${columns.map(
            (c) => html`<td key=${c}
          class=${cx(s?.[/** @type {string} */ (c)] === null && 'null', bad.has(/** @type {string} */ (c)) && 'bad-cell')}>${cell(s?.[/** @type {string} */ (c)])}</td>`,
          )}</tr>`,
        )}</tbody></table></div></details>`;
  })}`;
}
