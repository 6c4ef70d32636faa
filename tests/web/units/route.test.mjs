// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOf, typed } from '../../../ui/web/lib/login_code.js';
import { doc, match, opensEngine, to } from '../../../ui/web/lib/route.js';

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

test('events make no document of rows stale', () => {
  for (const path of ['pipelines/a/quarantine', 'pipelines/a/quarantine/t?limit=1', 'pipelines/a/datasets/t/preview?limit=5'])
    assert.equal(opensEngine(path), true, path);
  for (const path of ['overview', 'pipelines/quarantine', 'pipelines/preview', 'pipelines/a/datasets/quarantine', 'pipelines/a/quality'])
    assert.equal(opensEngine(path), false, path);
});

test('a link logs in by its code only', () => {
  assert.equal(codeOf('#code=a%2Db'), 'a-b');
  for (const hash of ['', '#', '#main', '#smelt_abc', '#abc', '#code=smelt_abc', '#code=%73melt_abc', '#code=%', '#token=smelt_abc'])
    assert.equal(codeOf(hash), '', hash);
  assert.deepEqual(typed('smelt_abc'), { token: 'smelt_abc' });
  assert.deepEqual(typed('abc'), { code: 'abc' });
});
