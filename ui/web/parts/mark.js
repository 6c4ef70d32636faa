// SPDX-License-Identifier: Apache-2.0
// mark.js -- a state as shape + word + colour.

import { stateOf } from '../lib/states.js';
import { cx, html } from './html.js';

/** @type {Record<import('../lib/states.js').Shape, () => any>} */
const shapes = {
  dot: () => html`<circle cx="8" cy="8" r="6" fill="currentColor" />`,
  half: () => html`<circle cx="8" cy="8" r="5.25" fill="none" stroke="currentColor" stroke-width="1.5" />
    <path d="M8 2.75a5.25 5.25 0 0 1 0 10.5z" fill="currentColor" />`,
  ring: () => html`<circle cx="8" cy="8" r="5.25" fill="none" stroke="currentColor" stroke-width="1.5" />`,
  bars: () => html`<path d="M5.5 3v10M10.5 3v10" stroke="currentColor" stroke-width="2.5" />`,
  triangle: () => html`<path d="M8 1.8 15 14H1z" fill="currentColor" />`,
  cross: () => html`<path d="m3.2 3.2 9.6 9.6m0-9.6-9.6 9.6" stroke="currentColor" stroke-width="3"
    stroke-linecap="round" />`,
  slash: () => html`<circle cx="8" cy="8" r="5.25" fill="none" stroke="currentColor" stroke-width="1.5" />
    <path d="m4.4 11.6 7.2-7.2" stroke="currentColor" stroke-width="1.5" />`,
  hourglass: () =>
    html`<path d="M4 2h8M4 14h8M5 2.5c0 3 3 4 3 5.5s-3 2.500-3 5.500m6-11c0 3-3 4-3 5.500s3 2.500 3 5.500" fill="none"
      stroke="currentColor" stroke-width="1.5" />`,
  dash: () => html`<path d="M4 8h8" stroke="currentColor" stroke-width="2" />`,
};

/** Only the shape. @param {{state: import('../lib/states.js').State, size?: number}} p */
export const Shape = ({ state, size = 12 }) => html`
  <svg class=${`shape tone-${state.tone}`} viewBox="0 0 16 16" width=${size} height=${size} aria-hidden="true">
    ${shapes[state.shape]()}</svg>`;

/** Shape and word. @param {{name?: string | null, warnings?: boolean, word?: string, hide?: boolean, class?: string}} p
 *   hide: the word is only for those who cannot see the shape */
export function Mark({ name, warnings, word, hide, class: extra }) {
  const s = stateOf(name, warnings);
  const text = word ?? s.word;
  return html`<span class=${cx('mark', `tone-${s.tone}`, extra)} title=${hide ? text : undefined}>
    <${Shape} state=${s} /><span class=${hide ? 'only-read' : 'mark-word'}>${text}</span></span>`;
}
