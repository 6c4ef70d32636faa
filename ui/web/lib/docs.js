// SPDX-License-Identifier: Apache-2.0
// docs.js -- the documents that are on the screen, by their path below api/v1.
//
// A document is fetched when the first component asks for it and kept while one looks at it; news
// of its pipeline make it stale, and then it is fetched again, at most once in a while: the longer
// a document takes, the longer the while.  What nobody looks at is forgotten.

import { useEffect, useState } from 'preact/hooks';
import { ApiError, get } from './api.js';
import { opensEngine } from './route.js';

const MIN_GAP_MS = 1000;

/**
 * @typedef {{data: any, error: ApiError | null, loading: boolean, at: number}} Look
 * @typedef {{path: string, look: Look, lookers: Set<(l: Look) => void>, timer: number, busy: boolean,
 *   again: boolean, tookMs: number, begun: number}} Doc
 */

/** @type {Map<string, Doc>} */
const docs = new Map();
/** @type {Set<(e: ApiError) => void>} told of answers that say who one is not */
const doors = new Set();

/** @param {(e: ApiError) => void} f */
export function onRefused(f) {
  doors.add(f);
  return () => doors.delete(f);
}

/** @param {Doc} d @param {Partial<Look>} change */
function show(d, change) {
  d.look = { ...d.look, ...change };
  for (const f of d.lookers) f(d.look);
}

/** @param {Doc} d */
async function fetchNow(d) {
  if (d.busy) {
    d.again = true;
    return;
  }
  d.busy = true;
  d.begun = performance.now();
  try {
    const data = await get(d.path);
    show(d, { data, error: null, loading: false, at: Date.now() });
  } catch (e) {
    const error = e instanceof ApiError ? e : new ApiError(0, 'broken', String(e), '');
    show(d, { error, loading: false });
    if (error.status === 401) for (const f of doors) f(error);
  }
  d.tookMs = performance.now() - d.begun;
  d.busy = false;
  if (d.again) {
    d.again = false;
    soon(d);
  }
}

/** @param {Doc} d */
function soon(d) {
  if (d.lookers.size === 0) return;
  if (d.timer) return;
  const gap = Math.max(MIN_GAP_MS, 5 * d.tookMs);
  const wait = Math.max(0, d.begun + gap - performance.now());
  d.timer = window.setTimeout(() => {
    d.timer = 0;
    fetchNow(d);
  }, wait);
}

/** @param {string} path */
function docOf(path) {
  let d = docs.get(path);
  if (!d) {
    const look = { data: null, error: null, loading: true, at: 0 };
    d = { path, look, lookers: new Set(), timer: 0, busy: false, again: false, tookMs: 0, begun: -1e9 };
    docs.set(path, d);
  }
  return d;
}

/** @param {string} path @param {(l: Look) => void} f @returns {() => void} look away */
function watch(path, f) {
  const d = docOf(path);
  const first = d.lookers.size === 0;
  d.lookers.add(f);
  if (first) fetchNow(d);
  else f(d.look);
  return () => {
    d.lookers.delete(f);
    if (d.lookers.size > 0) return;
    clearTimeout(d.timer);
    docs.delete(path);
  };
}

/** News: of a pipeline, or of everything.  What no event tells of (plans, pages of events) is left.
 * @param {string} [pipeline] */
export function touch(pipeline) {
  const mine = pipeline === undefined ? '' : `pipelines/${encodeURIComponent(pipeline)}`;
  for (const d of docs.values()) {
    const fits =
      pipeline === undefined ||
      d.path === 'overview' ||
      d.path === mine ||
      d.path.startsWith(`${mine}/`) ||
      d.path.startsWith(`${mine}?`);
    if (fits && !opensEngine(d.path)) soon(d);
  }
}


/** After an act: at once, whatever it is. @param {string} part of paths */
export function refresh(part) {
  for (const d of docs.values()) if (d.path.includes(part)) fetchNow(d);
}

/** A document, kept fresh.  null as path: nothing to look at.
 * @param {string | null} path @returns {Look & {again: () => void}} */
export function useDoc(path) {
  const [look, set] = useState(
    /** @type {Look & {path: string | null}} */ ({
      ...((path !== null && docs.get(path)?.look) || { data: null, error: null, loading: path !== null, at: 0 }),
      path,
    }),
  );
  useEffect(() => {
    if (path === null) return undefined;
    set({ ...docOf(path).look, path });
    return watch(path, (l) => set({ ...l, path }));
  }, [path]);
  const fits = look.path === path;
  return {
    ...(fits ? look : { data: null, error: null, loading: path !== null, at: 0 }),
    again: () => path !== null && fetchNow(docOf(path)),
  };
}
