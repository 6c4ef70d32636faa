// SPDX-License-Identifier: Apache-2.0
// toast.js -- short words about what was just done, said aloud too.

import { useEffect, useState } from 'preact/hooks';
import { html } from './html.js';

const SHOWN_MS = 7000;

/** @type {{id: number, text: any, tone: string}[]} */
let list = [];
let id = 0;
/** @type {Set<() => void>} */
const lookers = new Set();
const told = () => lookers.forEach((f) => f());

/** @param {any} text @param {'ok' | 'bad'} [tone] */
export function say(text, tone = 'ok') {
  const mine = ++id;
  list = [...list.slice(-3), { id: mine, text, tone }];
  told();
  setTimeout(
    () => {
      list = list.filter((t) => t.id !== mine);
      told();
    },
    tone === 'bad' ? 2 * SHOWN_MS : SHOWN_MS,
  );
}

export function Toasts() {
  const [, set] = useState(0);
  useEffect(() => {
    const f = () => set((n) => n + 1);
    lookers.add(f);
    return () => void lookers.delete(f);
  }, []);
  return html`<div class="toasts" role="status" aria-live="polite">
    ${list.map((t) => html`<p key=${t.id} class=${`toast toast-${t.tone}`}>${t.text}</p>`)}</div>`;
}
