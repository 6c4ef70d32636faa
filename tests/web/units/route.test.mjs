// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { doc, match, to } from '../../../ui/web/lib/route.js';

test('every page has its path, and back', () => {
  assert.deepEqual(match('/'), { name: 'overview', params: {} });
  assert.deepEqual(match(to.pipeline('iot')), { name: 'pipeline', params: { pipeline: 'iot', tab: 'graph' } });
  assert.deepEqual(match(to.pipeline('iot', 'state')), { name: 'pipeline', params: { pipeline: 'iot', tab: 'state' } });
  assert.deepEqual(match(to.run('iot', 12)), { name: 'run', params: { pipeline: 'iot', run: '12' } });
  assert.deepEqual(match(to.quarantine('iot', 'a')), { name: 'quarantine', params: { pipeline: 'iot', table: 'a' } });
  assert.deepEqual(match('/settings'), { name: 'settings', params: {} });
});

test('names with any letters stay one part of the path', () => {
  const name = 'a/b c?ü';
  assert.deepEqual(match(to.table('p', name)).params, { pipeline: 'p', table: name });
  assert.equal(doc.dataset('p', name, 'history'), 'pipelines/p/datasets/a%2Fb%20c%3F%C3%BC/history');
});

test('what no page has is missing', () => {
  for (const path of ['/p', '/p/iot/nothing', '/p/iot/r', '/x/y', '/p/%E0%A4%A/nothing']) assert.equal(match(path).name, 'missing');
});
