// SPDX-License-Identifier: Apache-2.0
// live.js -- one EventSource for the tab: what happens, when it happens.
//
//     connecting ──open──▶ live ──lost──▶ stale ──open──▶ live     (the browser sends Last-Event-ID)
//     hidden tab: closed; shown again: opened, and all documents are fetched anew
//     paused by a person: closed until resumed
//
// Events make documents stale (docs.js); the newest are kept for whoever shows them.

import { useEffect, useState } from 'preact/hooks';
import { apiOf } from './base.js';
import { touch } from './docs.js';
import { types } from './event_types.js';
import { Ring } from './ring.js';

const RETRY_MS = 4000;
const KEPT = 500;

/** @typedef {'off' | 'connecting' | 'live' | 'stale' | 'paused'} Phase */

/** @type {{phase: Phase, since: number, why: string}} why: the server's own words, or nothing */
let now = { phase: 'off', since: Date.now(), why: '' };
/** @type {EventSource | null} */
let source = null;
let retry = 0;
let wanted = false;
let paused = false;
let opened = false;

/** @type {Ring<any>} */
const newest = new Ring(KEPT);
/** @type {Set<() => void>} */
const phaseLookers = new Set();
/** @type {Set<(e: any) => void>} */
const eventLookers = new Set();

/** @param {Phase} phase @param {string} [why] */
function enter(phase, why = '') {
  if (phase === now.phase && why === now.why) return;
  now = { phase, since: phase === now.phase ? now.since : Date.now(), why };
  for (const f of phaseLookers) f();
}

/** @param {MessageEvent} message */
function take(message) {
  let event;
  try {
    event = JSON.parse(message.data);
  } catch {
    return;
  }
  newest.push(event);
  touch(event.pipeline);
  for (const f of eventLookers) f(event);
}

/** An EventSource does not say why it was refused: ask once more, for the words only. */
async function askWhy() {
  const stop = new AbortController();
  try {
    const r = await fetch(apiOf('stream'), { credentials: 'same-origin', signal: stop.signal });
    const { error } = r.ok ? { error: {} } : await r.json();
    if (now.phase === 'stale' && error.message) enter('stale', `${error.message}; ${error.hint ?? ''}`);
  } catch {
    // nobody answers: the badge says since when
  }
  stop.abort();
}

function close() {
  clearTimeout(retry);
  source?.close();
  source = null;
}

function open() {
  if (source !== null || !wanted || paused || document.hidden) return;
  enter(opened ? 'stale' : 'connecting', now.why);
  source = new EventSource(apiOf('stream'), { withCredentials: true });
  source.onmessage = take;
  for (const type of types) source.addEventListener(type, take);
  source.onopen = () => {
    if (opened) touch();
    opened = true;
    enter('live');
  };
  source.onerror = () => {
    enter('stale', now.why);
    if (source?.readyState !== EventSource.CLOSED) return;
    close();
    askWhy();
    retry = window.setTimeout(open, RETRY_MS);
  };
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) close();
  else open();
});

/** Who is known gets the stream. */
export function start() {
  wanted = true;
  open();
}

export function stop() {
  wanted = false;
  close();
  enter('off');
}

export function togglePause() {
  paused = !paused;
  if (paused) {
    close();
    enter('paused');
  } else {
    open();
  }
}

/** What a person may have changed is fetched, though nothing is live. */
export const isPaused = () => paused;

/** @returns {{phase: Phase, since: number, why: string}} */
export function usePhase() {
  const [, set] = useState(0);
  useEffect(() => {
    const f = () => set((n) => n + 1);
    phaseLookers.add(f);
    return () => void phaseLookers.delete(f);
  }, []);
  return now;
}

/** Called for each event while the component is there. @param {(e: any) => void} f @param {any[]} inputs */
export function useEvents(f, inputs) {
  useEffect(() => {
    eventLookers.add(f);
    return () => void eventLookers.delete(f);
  }, inputs);
}

/** The newest events that came while the tab was open, oldest first. */
export const kept = () => newest.list();
