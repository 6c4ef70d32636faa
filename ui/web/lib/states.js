// SPDX-License-Identifier: Apache-2.0
// states.js -- one table: what a state is called, its shape, its colour.  Pure.
//
// A state is never told by colour alone: shape + word + colour.  The server's words come in four
// kinds (runs, flows, tables, freshness); here they meet.

/**
 * @typedef {'dot'|'half'|'ring'|'bars'|'triangle'|'cross'|'slash'|'hourglass'|'dash'} Shape
 * @typedef {'ok'|'busy'|'idle'|'warn'|'bad'|'skip'|'ask'|'none'} Tone
 * @typedef {{shape: Shape, word: string, tone: Tone, rank: number}} State rank: the greater, the worse
 */

/** @param {Shape} shape @param {string} word @param {Tone} tone @param {number} rank @returns {State} */
const state = (shape, word, tone, rank) => ({ shape, word, tone, rank });

/** @type {Record<string, State>} */
const table = {
  succeeded: state('dot', 'succeeded', 'ok', 1),
  completed: state('dot', 'succeeded', 'ok', 1),
  fresh: state('dot', 'fresh', 'ok', 1),
  ok: state('dot', 'all well', 'ok', 1),
  idle: state('dot', 'up to date', 'ok', 1),
  running: state('half', 'running', 'busy', 3),
  initializing: state('half', 'starting', 'busy', 3),
  setting_up_tables: state('half', 'setting up', 'busy', 3),
  stopping: state('half', 'stopping', 'busy', 3),
  queued: state('ring', 'queued', 'idle', 2),
  waiting: state('ring', 'waiting', 'idle', 2),
  paused: state('bars', 'paused', 'idle', 2),
  degraded: state('triangle', 'degraded', 'warn', 5),
  succeeded_with_warnings: state('triangle', 'with warnings', 'warn', 5),
  retrying: state('triangle', 'retrying', 'warn', 5),
  late: state('triangle', 'late', 'warn', 5),
  warn: state('triangle', 'late', 'warn', 5),
  stale: state('cross', 'stale', 'bad', 8),
  error: state('cross', 'too late', 'bad', 8),
  failed: state('cross', 'failed', 'bad', 9),
  interrupted: state('cross', 'interrupted', 'bad', 9),
  held_back: state('bars', 'held back', 'bad', 9),
  skipped: state('slash', 'skipped', 'skip', 7),
  canceled: state('slash', 'canceled', 'skip', 4),
  stopped: state('slash', 'stopped', 'skip', 4),
  excluded: state('dash', 'not selected', 'none', 0),
  awaiting_approval: state('hourglass', 'awaiting approval', 'ask', 6),
  never_run: state('dash', 'never run', 'none', 0),
};

const unknown = state('dash', 'not known', 'none', 0);

/** @param {string | null | undefined} name @param {boolean} [warnings] @returns {State} */
export function stateOf(name, warnings = false) {
  if (!name) return table.never_run;
  if (warnings && (name === 'completed' || name === 'succeeded')) return table.succeeded_with_warnings;
  return table[name] ?? { ...unknown, word: name.replaceAll('_', ' ') };
}

/** @type {Record<string, string>} */
const nextWords = {
  continuous: 'goes on',
  file_arrival: 'when files arrive',
  table_updated: 'when a table is written',
  webhook: 'when it is called',
};

/** What the next run waits for, when no clock says. @param {{cause?: string} | null | undefined} next */
export const nextWord = (next) => nextWords[next?.cause ?? ''] ?? 'by hand';

/** Runs that may still change. @param {string | undefined} name */
export const isOpen = (name) =>
  ['queued', 'initializing', 'setting_up_tables', 'running', 'stopping', 'waiting'].includes(name ?? '');

/** What groups of states the filter of a list offers. @type {[string, string, (s: State) => boolean][]} */
export const groups = [
  ['bad', 'failed or skipped', (s) => s.tone === 'bad' || s.tone === 'skip'],
  ['warn', 'with warnings', (s) => s.tone === 'warn'],
  ['busy', 'running', (s) => s.tone === 'busy'],
  ['ok', 'all well', (s) => s.tone === 'ok'],
  ['none', 'never run', (s) => s.tone === 'none' || s.tone === 'idle'],
];
