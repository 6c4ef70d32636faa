// SPDX-License-Identifier: Apache-2.0
// walk_acts.mjs -- everything that can be done on the page, by mouse and by key: what is asked first, the
// command line that is shown, what the server is asked; signing in; the stream that ends and comes again.

import { serve } from './support/fixture_server.mjs';
import { NOW } from './support/documents.mjs';
import { launch, Walk } from './support/browser.mjs';

const walk = new Walk('acts');
const server = await serve({ base: '/' });
const browser = await launch();
const at = (path) => server.url + path.replace(/^\//, '');
const ignore = (t) => /status of (401|403|404)/.test(t) || /stream/.test(t) || /ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE/.test(t);
const page = await walk.page(browser, { ignore, now: NOW });
const dialog = page.locator('dialog[open]');
const changes = () => server.asked.filter((a) => a.method !== 'GET');

async function open(path) {
  await page.goto(at(path));
  await walk.settled(page);
}

/** A question is open: says this command; is answered so. */
async function answer(command, button, { typed, before } = {}) {
  await dialog.waitFor();
  if (before) await before();
  const confirm = dialog.getByRole('button', { name: button, exact: true });
  if (typed) {
    walk.check(await confirm.isDisabled(), `${command}: could be done without typing ${typed}`);
    await dialog.getByRole('textbox').last().fill(typed);
  }
  walk.equal(await dialog.locator('.dialog-same code').innerText(), command, 'the same from a terminal');
  await walk.shot(page, `asks-${command.replace(/\W+/g, '-')}`);
  const n = changes().length;
  await confirm.click();
  await page.waitForFunction(() => !document.querySelector('dialog[open]'));
  walk.equal(changes().length, n + 1, `${command} asks the server once`);
  const { method, path, body } = changes().at(-1);
  return [method, path, body];
}

const menu = async (item) => {
  await page.getByRole('button', { name: 'Run', exact: true }).first().click();
  await page.getByRole('menuitem', { name: item }).click();
};

// ---- signing in ------------------------------------------------------------------------------------------

server.how.signedIn = false;
await page.goto(at('/p/iot/list'));
await page.getByRole('heading', { name: 'Sign in' }).waitFor();
await walk.shot(page, 'login');
await walk.accessible(page, 'login');
await page.getByLabel('Or paste a code or a token').fill('wrong');
await page.getByRole('button', { name: 'Sign in' }).click();
await page.getByText('the code is not valid').waitFor();
await page.goto(at('/login#code=letmein'));
await page.locator('.sentence').waitFor();
walk.check(!page.url().includes('letmein'), 'the code stays in the address');
walk.equal(changes().map((c) => c.body), [{ code: 'wrong' }, { code: 'letmein' }], 'codes are posted');
await open('/settings');
await page.getByRole('button', { name: 'Sign out' }).click();
await page.getByLabel('Or paste a code or a token').fill('smelt_t0ken');
await page.getByRole('button', { name: 'Sign in' }).click();
await page.getByRole('heading', { name: 'Settings' }).waitFor();
walk.equal(changes().map((c) => c.path).slice(2), ['logout', 'login'], 'signed out and in again');
walk.equal(changes().at(-1).body, { token: 'smelt_t0ken' }, 'a token is posted as one');

// ---- runs --------------------------------------------------------------------------------------------------

await open('/p/iot/list');
await page.keyboard.press('r');
await dialog.waitFor();
await page.keyboard.press('Escape');
await page.waitForFunction(() => !document.querySelector('dialog[open]'));
walk.equal(changes().length, 4, 'a question that is closed does nothing');
await page.keyboard.press('r');
walk.equal(await answer('smelt run iot', 'Run'), ['POST', 'pipelines/iot/runs', {}], 'run');
await page.getByText('of iot succeeded').waitFor();
await page.getByRole('link', { name: 'Run 113' }).waitFor();

await menu('Run some tables …');
walk.equal(await answer("smelt run iot --select '+readings_silver +alerts'", 'Run these', {
  before: async () => {
    await dialog.getByLabel('readings_silver').check();
    await dialog.getByLabel('alerts').check();
    await dialog.getByLabel('and all that they read').check();
  },
}), ['POST', 'pipelines/iot/runs', { select: '+readings_silver +alerts' }], 'run of some tables');

await menu('Full refresh …');
walk.equal(await answer('smelt run iot --full-refresh readings_silver --keep-downstream', 'Rebuild', {
  typed: 'readings_silver',
  before: async () => {
    await dialog.getByLabel('readings_silver').check();
    await dialog.getByLabel('tables that read them by STREAM keep their rows').check();
  },
}), ['POST', 'pipelines/iot/runs', { full_refresh: 'readings_silver', keep_downstream: true }], 'full refresh');

await menu('Deploy the files as they are …');
walk.equal(await answer('smelt reload', 'Reload'), ['POST', 'reload', {}], 'reload');

await page.getByRole('button', { name: 'Pause', exact: true }).click();
walk.equal(await answer('smelt pause iot', 'Pause'), ['POST', 'pipelines/iot/pause', {}], 'pause');
await open('/p/archive');
await page.getByRole('button', { name: 'Resume' }).click();
walk.equal(await answer('smelt resume archive', 'Resume'), ['POST', 'pipelines/archive/resume', {}], 'resume');
await open('/p/clicks');
await page.getByRole('button', { name: 'Stop' }).click();
walk.equal(await answer('smelt stop clicks', 'Stop'), ['POST', 'pipelines/clicks/stop', {}], 'stop');

await open('/p/orders/r/451');
await page.getByRole('button', { name: 'Retry failed' }).click();
walk.equal(await answer('smelt retry orders', 'Retry'), ['POST', 'pipelines/orders/retry', { run: 451 }], 'retry what failed');
await page.getByRole('button', { name: 'Retry all' }).click();
walk.equal(await answer('smelt retry orders --all', 'Retry'), ['POST', 'pipelines/orders/retry', { run: 451, all: true }], 'retry');

await open('/');
await page.getByRole('button', { name: 'Run wide' }).click();
walk.equal(await answer('smelt run wide', 'Run'), ['POST', 'pipelines/wide/runs', {}], 'run from the overview');

// ---- rows ------------------------------------------------------------------------------------------------

await open('/p/iot/t/readings_silver');
walk.check(!server.asked.some((a) => a.path.includes('/preview')), 'rows are looked at before anybody asked');
await page.getByRole('button', { name: 'Show 50 rows' }).click();
await page.getByRole('region', { name: 'Rows of readings_silver' }).waitFor();
await walk.shot(page, 'rows');
const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save as CSV' }).click()]);
walk.equal(file.suggestedFilename(), 'readings_silver.csv', 'the name of the file');
await menu('Run this table …');
walk.equal(await answer('smelt run iot --select readings_silver', 'Run these'), ['POST', 'pipelines/iot/runs', { select: 'readings_silver' }], 'run of a table');

await page.getByRole('link', { name: 'look' }).click();
await page.locator('.groups').waitFor();
await page.locator('.group', { hasText: 'plausible' }).getByRole('button', { name: 'Replay' }).click();
walk.equal(await answer('smelt quarantine replay readings_silver --rule plausible -p iot', 'Replay'), ['POST', 'pipelines/iot/quarantine/readings_silver/replay', { rule: 'plausible' }], 'replay of a rule');
await page.getByText('12 rows went back into readings_silver').waitFor();
await page.locator('.group', { hasText: 'has_device' }).getByRole('button', { name: 'Discard …' }).click();
walk.equal(await answer('smelt quarantine discard readings_silver --rule has_device -p iot', 'Discard', { typed: 'readings_silver' }), ['POST', 'pipelines/iot/quarantine/readings_silver/discard', { rule: 'has_device' }], 'discard');
await page.locator('tbody tr').first().getByRole('button', { name: 'Replay' }).click();
walk.equal((await answer('smelt quarantine replay readings_silver --row 012aebea-5f53-4782-a847-09dcb60ae100 -p iot', 'Replay'))[2], { row: '012aebea-5f53-4782-a847-09dcb60ae100' }, 'replay of a row');
await page.locator('.group-pick', { hasText: 'plausible' }).click();
await page.waitForFunction(() => location.search === '?rule=plausible' && ![...document.querySelectorAll('tbody th')].some((t) => t.textContent === 'has_device'));

await open('/p/iot/state');
await page.locator('.flow', { hasText: 'readings_10m' }).getByRole('button', { name: 'Batches' }).click();
await page.getByRole('region', { name: 'Batches of readings_10m' }).waitFor();
await walk.shot(page, 'batches');
await page.locator('.flow').first().getByRole('button', { name: 'Reset …' }).click();
walk.equal(await answer('smelt checkpoint reset readings_bronze -p iot', 'Reset', { typed: 'readings_bronze' }), ['POST', 'pipelines/iot/checkpoints/readings_bronze/reset', {}], 'reset');

await open('/settings');
await page.getByRole('textbox', { name: 'Name' }).fill('ci job');
await page.getByRole('combobox', { name: 'Role' }).selectOption('operator');
await page.getByText("smelt token create --name 'ci job' --role operator").first().waitFor();
await page.getByRole('button', { name: 'Make a token' }).click();
await page.getByText('smelt_5d6b0c8e2f').waitFor();
walk.equal(changes().at(-1).body, { name: 'ci job', role: 'operator' }, 'a token is made');
await page.getByRole('row', { name: /^ci/ }).getByRole('button', { name: 'Revoke …' }).click();
walk.equal((await answer('smelt token revoke tk_a902', 'Revoke')).slice(0, 2), ['DELETE', 'tokens/tk_a902'], 'a token is revoked');

// ---- by key ------------------------------------------------------------------------------------------------

await open('/');
await page.keyboard.press('?');
await page.getByRole('heading', { name: 'Keys' }).waitFor();
await walk.shot(page, 'keys');
await page.keyboard.press('Escape');
await page.keyboard.press('/');
walk.equal(await page.evaluate(() => document.activeElement.getAttribute('type')), 'search', '/ goes to the search');
await page.keyboard.type('click');
await page.waitForFunction(() => document.querySelectorAll('tbody [data-row]').length === 1);
await page.keyboard.press('Escape');
await page.keyboard.press('j');
walk.equal(await page.evaluate(() => document.activeElement.tagName), 'A', 'j goes to a row');
await page.keyboard.press('g');
await page.keyboard.press('s');
await page.waitForURL(at('/settings'));
await page.keyboard.press('g');
await page.keyboard.press('o');
await page.waitForURL(server.url);
await page.goBack();
await page.getByRole('heading', { name: 'Settings' }).waitFor();
await open('/p/iot');
for (const [key, end] of [['2', 'list'], ['3', 'runs'], ['4', 'quality'], ['5', 'streaming'], ['6', 'state'], ['1', 'graph']]) {
  await page.keyboard.press(key);
  await page.waitForURL(at(`/p/iot/${end}`));
}
await open('/p/iot/r/110');
await page.getByRole('heading', { name: 'Run 110' }).waitFor(); // who listens for keys is there
await page.keyboard.press(']');
await page.waitForURL(at('/p/iot/r/111'));
await page.getByRole('heading', { name: 'Run 111' }).waitFor();
await page.keyboard.press('[');
await page.waitForURL(at('/p/iot/r/110'));
await page.keyboard.press('t');
walk.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'light', 't changes the theme');
await page.keyboard.press('t');
await page.reload();
walk.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark', 'the theme is remembered');
await walk.shot(page, 'theme');
await page.keyboard.press('t');

await open('/p/iot/graph');
await page.locator('[data-node=readings_silver]').click();
await page.getByRole('complementary', { name: 'readings_silver' }).waitFor();
await page.getByRole('complementary').getByRole('link', { name: 'readings_10m' }).click();
await page.getByRole('complementary', { name: 'readings_10m' }).waitFor();
await page.keyboard.press('Escape');
await page.waitForFunction(() => !document.querySelector('aside'));

await open('/p/iot/streaming?window=6h');
await page.getByRole('list', { name: 'Advice' }).getByText('falling behind').waitFor();
await page.getByRole('group', { name: 'Batch duration by phase as' }).getByRole('button', { name: 'Table' }).click();
await page.getByRole('region', { name: 'Batch duration by phase, as a table' }).waitFor();
await page.locator('.chart .u-over').first().hover();
await page.waitForFunction(() => [...document.querySelectorAll('.chart-at')].filter((a) => a.textContent !== 'newest').length > 1);
await walk.shot(page, 'cursor');
await page.context().close();

// ---- live ------------------------------------------------------------------------------------------------

{
  const live = await walk.page(browser, { ignore });
  const badge = (text) => live.locator('.live', { hasText: text }).waitFor();
  await live.goto(at('/events'));
  await walk.settled(live);
  await badge('Live');
  const event = { id: 2001, pipeline: 'iot', time: new Date(NOW + 1000).toISOString(), level: 'warn', type: 'source_warning', table: 'readings', message: 'a file grew while it was read', details: {} };
  server.events(event);
  await live.getByText('a file grew while it was read').waitFor();
  server.events(event);
  server.events({ ...event, id: 2002, message: 'another file grew' });
  await live.getByText('another file grew').waitFor();
  walk.equal(await live.getByText('a file grew while it was read').count(), 1, 'an event is shown once');

  // the stream ends: the page says so, and goes on by itself behind what it has
  const before = server.asked.filter((a) => a.path === 'stream').length;
  server.dropStreams();
  await badge('Stale since');
  await badge('Live');
  const again = server.asked.filter((a) => a.path === 'stream').slice(before);
  walk.equal(again[0]?.last, '1-2002', 'it resumes behind the last event');

  // news make documents new, those on the screen only
  await live.goto(at('/p/iot/list'));
  await walk.settled(live);
  await badge('Live');
  server.asked.length = 0;
  server.site.pipelines.iot.document.datasets.find((d) => d.name === 'alerts').state = 'failed';
  server.events({ ...event, id: 2003, type: 'flow_failed', table: 'alerts' });
  await live.getByRole('row', { name: /alerts/ }).getByText('failed').waitFor();
  walk.equal([...new Set(server.asked.map((a) => a.path))], ['pipelines/iot'], 'what is on the screen is asked for');
  server.asked.length = 0;
  for (let i = 0; i < 300; i++) server.events({ ...event, id: 3000 + i });
  await live.waitForTimeout(1500);
  walk.check(server.asked.length <= 3, `300 events ask ${server.asked.length} times for a document`);

  await live.keyboard.press('.');
  await badge('Paused since');
  await live.keyboard.press('.');
  await badge('Live');
  await live.context().close();
}

// ---- by role ---------------------------------------------------------------------------------------------

for (const [role, has, hasNot] of [['viewer', [], ['Run', 'Pause', 'Retry all', 'Discard all …', 'Replay all', 'Reset …']], ['operator', ['Run', 'Pause', 'Retry all', 'Replay all'], ['Discard all …', 'Reset …']]]) {
  server.how.role = role;
  const p = await walk.page(browser, { ignore });
  const seen = new Set();
  for (const path of ['/p/iot', '/p/iot/r/112', '/p/iot/t/readings_silver/quarantine', '/p/iot/state', '/settings']) {
    await p.goto(at(path));
    await walk.settled(p);
    for (const b of await p.getByRole('button').allInnerTexts()) seen.add(b.trim());
  }
  for (const b of has) walk.check(seen.has(b), `a ${role} has no button ${b}`);
  for (const b of hasNot) walk.check(!seen.has(b), `a ${role} has the button ${b}`);
  walk.check(!server.asked.some((a) => a.path === 'tokens'), `a ${role} asks for tokens`);
  await walk.shot(p, `as-${role}`);
  await p.context().close();
}

walk.end();
await browser.close();
server.close();
