// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFileSync } from 'node:fs';
import { types } from '../../../ui/web/lib/event_types.js';
import { isOpen, nextWord, stateOf } from '../../../ui/web/lib/states.js';

test('a state is a shape and a word; warnings show', () => {
  assert.deepEqual(stateOf('completed'), { shape: 'dot', word: 'succeeded', tone: 'ok', rank: 1 });
  assert.equal(stateOf('completed', true).shape, 'triangle');
  assert.equal(stateOf('failed', true).shape, 'cross');
  assert.equal(stateOf(undefined).word, 'never run');
  assert.deepEqual(stateOf('something_new'), { shape: 'dash', word: 'something new', tone: 'none', rank: 0 });
});

test('what is skipped is never green', () => {
  assert.notEqual(stateOf('skipped').tone, 'ok');
  assert.notEqual(stateOf('skipped').shape, 'dot');
});

test('open runs are those that may still change', () => {
  assert.deepEqual(['running', 'queued', 'stopping', 'completed', 'failed', undefined].map(isOpen), [true, true, true, false, false, false]);
});

test('a run that no clock starts says what it waits for', () => {
  assert.deepEqual([{ cause: 'file_arrival' }, null, undefined, { cause: 'manual' }].map(nextWord), ['when files arrive', 'by hand', 'by hand', 'by hand']);
});

test('the page hears every type of event that the program has', () => {
  const text = readFileSync(new URL('../../../runtime/events/event.h', import.meta.url), 'utf8');
  const theirs = [...text.matchAll(/^ {4}X\((\w+),/gm)].map((m) => m[1]);
  assert.ok(theirs.length > 10);
  assert.deepEqual([...types].sort(), theirs.sort());
});

test('every state of runs and flows that the program has is known', () => {
  const words = new Set();
  for (const file of ['store_runs.c'])
    for (const m of readFileSync(new URL(`../../../runtime/store/${file}`, import.meta.url), 'utf8').matchAll(/\[SM_RUN\w+\] = "(\w+)"/g)) words.add(m[1]);
  assert.ok(words.size >= 8, [...words].join(' '));
  for (const w of words) assert.notEqual(stateOf(w).rank === 0 && stateOf(w).shape === 'dash' && !['excluded', 'never_run'].includes(w), true, w);
});
