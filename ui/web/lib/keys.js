// SPDX-License-Identifier: Apache-2.0
// keys.js -- the keyboard: a table of keys, one listener.  Nothing destructive is on one key.

import { useEffect } from 'preact/hooks';

/** What `?` shows. @type {[string, string][]} */
export const help = [
  ['/', 'search'],
  ['g o', 'overview'],
  ['g e', 'events'],
  ['g s', 'settings'],
  ['j  k', 'next, previous row'],
  ['Enter', 'open'],
  ['Esc', 'close'],
  ['[  ]', 'previous, next run'],
  ['1 … 6', 'tabs of a pipeline'],
  ['r', 'run (asks)'],
  ['t', 'theme'],
  ['.', 'pause live'],
  ['?', 'these keys'],
];

/** @type {Map<string, (() => void)[]>} the newest of a key counts */
const bound = new Map();
let prefix = '';
let prefixAt = 0;

/** @param {EventTarget | null} target */
const types = (target) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** @param {KeyboardEvent} e */
function press(e) {
  if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || types(e.target)) return;
  if (document.querySelector('dialog[open]')) return;
  const fresh = prefix !== '' && Date.now() - prefixAt < 1500;
  const key = fresh ? `${prefix} ${e.key}` : e.key;
  prefix = '';
  if (!fresh && e.key === 'g') {
    prefix = 'g';
    prefixAt = Date.now();
    return;
  }
  const f = bound.get(key)?.at(-1);
  if (!f) return;
  e.preventDefault();
  f();
}
addEventListener('keydown', press);

/** Keys while the component is there. @param {Record<string, () => void>} map @param {any[]} inputs */
export function useKeys(map, inputs) {
  useEffect(() => {
    for (const [key, f] of Object.entries(map)) bound.set(key, [...(bound.get(key) ?? []), f]);
    return () => {
      for (const [key, f] of Object.entries(map))
        bound.set(
          key,
          (bound.get(key) ?? []).filter((g) => g !== f),
        );
    };
  }, inputs);
}

/** j and k: focus goes from row to row of what is marked `data-row`. @param {number} by */
export function moveRow(by) {
  const rows = [...document.querySelectorAll('[data-row]')].filter(
    (r) => /** @type {HTMLElement} */ (r).offsetParent !== null,
  );
  if (rows.length === 0) return;
  const at = rows.findIndex((r) => r.contains(document.activeElement));
  const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))];
  const link = /** @type {HTMLElement | null} */ (next.matches('a,button') ? next : next.querySelector('a,button'));
  link?.focus();
  next.scrollIntoView({ block: 'nearest' });
}
