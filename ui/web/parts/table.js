// SPDX-License-Identifier: Apache-2.0
// table.js -- tables: sortable, and with so many rows drawn as are seen.

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { cx, html } from './html.js';

/**
 * @typedef {{key: string, head: any, cell: (row: any) => any, sort?: (row: any) => any, num?: boolean, class?: string, first?: boolean}} Column
 *   first: the row's header
 */

const compare = (a, b) => {
  if (a === b) return 0;
  if (a === null || a === undefined) return 1;
  if (b === null || b === undefined) return -1;
  return a < b ? -1 : 1;
};

const isBlank = (v) => v === null || v === undefined || v === '';

/** Tables longer than that are drawn as far as they are seen, in rows of one height. */
const LONG = 80;
const ROW = 40;

/** Rows become cards there: base.css says the same. */
const narrow = matchMedia('(max-width: 720px)');

/** @param {{columns: Column[], rows: any[], id: (row: any) => string | number, label: string, start?: string, marks?: (row: any) => string, stack?: boolean}} p
 *   start: the column to sort by, "-name" downwards; stack: rows become cards on narrow screens */
export function Table({ columns, rows, id, label, start = '', marks, stack }) {
  const [by, setBy] = useState(start);
  const key = by.replace(/^-/, '');
  const sorted = useMemo(() => {
    const column = columns.find((c) => c.key === key);
    if (!column?.sort) return rows;
    const sort = column.sort;
    const out = [...rows].sort((a, b) => compare(sort(a), sort(b)));
    return by.startsWith('-') ? out.reverse() : out;
  }, [rows, by]);
  const cards = stack && narrow.matches;
  const long = rows.length > LONG && !cards;
  const w = useWindow(long ? rows.length : 0, ROW);
  const shown = useGradually(cards ? rows.length : 0);
  const turn = (c) => setBy(key !== c.key ? (c.num ? `-${c.key}` : c.key) : by.startsWith('-') ? c.key : `-${c.key}`);
  return html`<div class=${cx('scroll-x', stack && 'stacks')} tabindex="0" role="region" aria-label=${label}>
    <table class=${cx('table', stack && 'stack', long && 'long')} aria-rowcount=${long ? rows.length + 1 : undefined}>
    <thead><tr>${columns.map(
      (c) => html`<th key=${c.key} scope="col" class=${cx(c.num && 'num', c.class)}
      aria-sort=${key === c.key ? (by.startsWith('-') ? 'descending' : 'ascending') : undefined}>
      ${
        c.sort
          ? html`<button type="button" class="sort" onClick=${() => turn(c)}>${c.head}
        <span class="sort-mark" aria-hidden="true">${key === c.key ? (by.startsWith('-') ? '↓' : '↑') : ''}</span>
        </button>`
          : c.head
      }</th>`,
    )}</tr></thead>
    <tbody ref=${w.ref}>${long ? html`<${Gap} key="above" height=${w.above} columns=${columns.length} />` : null}
    ${(long ? sorted.slice(w.from, w.until) : cards ? sorted.slice(0, shown) : sorted).map(
      (r) => html`<tr key=${id(r)} data-row class=${marks?.(r)}>${columns.map((c) =>
        c.first
          ? html`<th key=${c.key} scope="row" class=${cx(c.class)}>${c.cell(r)}</th>`
          : html`<td key=${c.key} class=${cx(c.num && 'num', c.class, stack && c.sort && isBlank(c.sort(r)) && 'blank')}
        data-head=${typeof c.head === 'string' ? c.head : ''}>${c.cell(r)}</td>`,
      )}</tr>`,
    )}
    ${long ? html`<${Gap} key="below" height=${w.below} columns=${columns.length} />` : null}</tbody></table></div>`;
}

/** The room of rows that are not drawn. @param {{height: number, columns: number}} p */
export const Gap = ({ height, columns }) =>
  height > 0
    ? html`<tr class="gap" aria-hidden="true"
  style=${{ height: `${height}px` }}><td colspan=${columns} /></tr>`
    : null;

const FIRST = 30;
const MORE = 60;

/** How many of n are drawn by now: some at once, more with each frame, so that the page is never stuck. @param {number} n */
export function useGradually(n) {
  const [shown, set] = useState(FIRST);
  useEffect(() => {
    if (shown >= n) return undefined;
    const asked = requestAnimationFrame(() => set(shown + MORE));
    return () => cancelAnimationFrame(asked);
  }, [shown, n]);
  return Math.min(n, shown);
}

const AHEAD = 8;

/** Which rows of equal height are seen: draws those and a few more.
 * @param {number} n rows @param {number} height of one @returns {{ref: any, from: number, until: number, above: number, below: number}} */
export function useWindow(n, height) {
  const ref = useRef(/** @type {HTMLElement | null} */ (null));
  const [range, set] = useState({ from: 0, until: 40 });
  useEffect(() => {
    if (n === 0) return undefined;
    let asked = 0;
    const look = () => {
      asked = 0;
      const top = ref.current?.getBoundingClientRect().top ?? 0;
      const from = Math.max(0, Math.min(n, Math.floor(-top / height) - AHEAD));
      const until = Math.max(from, Math.min(n, Math.ceil((innerHeight - top) / height) + AHEAD));
      set((r) => (r.from === from && r.until === until ? r : { from, until }));
    };
    const soon = () => {
      if (asked === 0) asked = requestAnimationFrame(look);
    };
    look();
    addEventListener('scroll', soon, { passive: true });
    addEventListener('resize', soon);
    return () => {
      cancelAnimationFrame(asked);
      removeEventListener('scroll', soon);
      removeEventListener('resize', soon);
    };
  }, [n, height]);
  const from = Math.min(range.from, n);
  const until = Math.min(range.until, n);
  return { ref, from, until, above: from * height, below: (n - until) * height };
}
