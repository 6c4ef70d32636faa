// SPDX-License-Identifier: Apache-2.0
// walk_serve.mjs -- the page and `smelt serve` together: signing in by the printed link, a run that
// quarantines rows, one that fails, both from the page; every page of what they left; the server killed
// under the open page and started again.  `walk_serve.mjs nginx` walks through nginx, below /data/smelt/.

import { spawn, execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { launch, Walk } from './support/browser.mjs';
import { before } from './support/nginx.mjs';

const proxied = process.argv[2] === 'nginx';
const base = proxied ? '/data/smelt' : '';
const walk = new Walk(proxied ? 'nginx' : 'serve');
const smelt = process.env.SMELT;

// ---- a project of two pipelines ----------------------------------------------------------------------------

rmSync('project', { recursive: true, force: true });
mkdirSync('project/shop/data', { recursive: true });
execFileSync(smelt, ['init', 'project/iot', '--template', 'demo'], { stdio: 'ignore' });
writeFileSync('project/iot/pipeline.yml', readFileSync('project/iot/pipeline.yml', 'utf8')
  .replace('pipeline: demo', 'pipeline: iot').replace(/(plausible: .*)on_violation: drop/, '$1on_violation: quarantine'));
writeFileSync('project/smelt.yml', `version: 1
name: plant
include: [iot/pipeline.yml, shop/pipeline.yml]
${proxied ? `server: {base_path: ${base}}\n` : ''}`);
writeFileSync('project/shop/pipeline.yml', `version: 1
pipeline: shop
description: Orders to revenue per customer
storage: ./lake
sources:
  orders:
    type: files
    path: data/*.json
    format: json
    schema_hints: "id BIGINT, customer VARCHAR, amount DOUBLE"
tables:
  orders_bronze: {from: orders, layer: bronze}
  orders_silver:
    layer: silver
    sql: SELECT id, customer, amount FROM STREAM(orders_bronze)
    expectations:
      positive: {expect: amount > 0, on_violation: fail}
  revenue:
    layer: gold
    type: materialized_view
    sql: SELECT customer, count(*) AS orders, sum(amount) AS amount FROM orders_silver GROUP BY customer
`);
writeFileSync('project/shop/data/1.json', '{"id":1,"customer":"ada","amount":12.5}\n{"id":2,"customer":"bob","amount":3}\n');

/** Resolves when it has said `last`, whose group is the link.
 * @returns {Promise<{url: string, link: string, end: (signal: NodeJS.Signals) => Promise<void>}>} */
function serve(listen, last) {
  const child = spawn(smelt, ['-C', 'project', 'serve', '--listen', listen], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  const ended = new Promise((r) => child.on('exit', r));
  process.on('exit', () => child.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    const hear = (data) => {
      text += data;
      appendFileSync('serve.log', data);
      const url = /the page is at (\S+)\n/.exec(text)?.[1];
      if (url && last.test(text)) resolve({ url, link: last.exec(text)[1], end: (signal) => { child.kill(signal); return ended; } });
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    ended.then((code) => reject(new Error(`smelt serve ended with ${code}:\n${text}`)));
  });
}

let server = await serve('127.0.0.1:0', /with (\S+login#\S+)\n/);
const { port } = new URL(server.url);
const front = proxied ? await before(port, base) : server.url;
const outside = (url) => url.replace(server.url, front);
const browser = await launch();
const ignore = (t) => /status of 422|ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/.test(t);
const page = await walk.page(browser, { ignore });

/** To another page as a click would: the document stays, and so does its stream. */
async function go(path) {
  await page.evaluate((p) => {
    history.pushState(null, '', p);
    dispatchEvent(new PopStateEvent('popstate'));
  }, base + path);
  await walk.settled(page);
}
const confirm = async (button) => {
  await page.locator('dialog[open]').getByRole('button', { name: button, exact: true }).click();
  await page.waitForFunction(() => !document.querySelector('dialog[open]'));
};
const says = (text) => page.getByText(text).first().waitFor();

// ---- signing in, runs ----------------------------------------------------------------------------------------

await page.goto(outside(server.link));
await page.locator('.sentence').waitFor();
await page.locator('.live', { hasText: 'Live' }).waitFor();
await page.locator('tr', { hasText: 'iot' }).getByText('degraded').waitFor(); // available_now: it has run
await walk.shot(page, 'overview');
await walk.accessible(page, 'overview');

await go('/p/shop');
await page.locator('.page-title').getByText('succeeded').waitFor();
writeFileSync('project/shop/data/2.json', '{"id":3,"customer":"eve","amount":-4}\n');
await page.keyboard.press('r');
await confirm('Run');
await page.locator('.page-title').getByText('failed').waitFor(); // by the stream: nothing was reloaded
await says('ended with exit code');
await page.locator('[data-node=revenue]').getByText('skipped').waitFor();
await walk.shot(page, 'failed');
await go('/p/shop/r/2');
await says('What went wrong');
await says('positive');
await walk.shot(page, 'run-failed');
await go('/');
await page.locator('.attention').getByText('Failed').waitFor();
await walk.shot(page, 'attention');

// ---- the files are mended and deployed, what failed is tried again ---------------------------------------------

const shop = 'project/shop/pipeline.yml';
const mended = readFileSync(shop, 'utf8').replace('on_violation: fail', 'on_violation: drop');
writeFileSync(shop, mended.replace('id, customer, amount FROM', 'id, custommer, amount FROM'));
await go('/p/shop');
const deploy = async () => {
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Deploy the files as they are …' }).click();
  await page.locator('dialog[open]').getByRole('button', { name: 'Reload', exact: true }).click();
};
await deploy();
await page.locator('dialog[open]').getByText('custommer').waitFor(); // what is invalid is said, and not deployed
await walk.shot(page, 'invalid');
await page.keyboard.press('Escape');
writeFileSync(shop, mended);
await deploy();
await says('The files are deployed');
await go('/p/shop/r/2');
await page.getByRole('button', { name: 'Retry failed' }).click();
await confirm('Retry');
await says('of shop succeeded');
await go('/p/shop');
await page.locator('.page-title').getByText(/succeeded|degraded/).waitFor();

// ---- every page of what is there ----------------------------------------------------------------------------

for (const [name, path] of [['graph', '/p/iot?node=readings_silver'], ['list', '/p/iot/list'], ['runs', '/p/iot/runs'], ['quality', '/p/iot/quality'], ['streaming', '/p/iot/streaming'], ['checkpoints', '/p/iot/state'],
  ['run', '/p/iot/r/1'], ['table', '/p/iot/t/readings_silver'], ['source', '/p/iot/t/readings'], ['events', '/events'], ['settings', '/settings']]) {
  await go(path);
  await walk.fits(page, name);
  await walk.shot(page, name);
  await walk.accessible(page, name);
  walk.check((await page.locator('.failure').count()) === 0, `${name}: ${await page.locator('.failure').allInnerTexts()}`);
  walk.check((await page.locator('main').innerText()).includes('undefined') === false, `${name} says undefined`);
}

// ---- rows ------------------------------------------------------------------------------------------------------

await go('/p/iot/t/readings_10m');
await page.getByRole('button', { name: 'Show 50 rows' }).click();
await page.getByRole('region', { name: 'Rows of readings_10m' }).getByText(/^sensor-\d\d$/).first().waitFor();
await go('/p/iot/t/readings_silver/quarantine');
await page.locator('.bad-cell').first().waitFor();
walk.equal(await page.locator('.group-count').innerText(), '42 rows', 'rows in the quarantine');
await walk.shot(page, 'quarantine');
await page.locator('.group').getByRole('button', { name: 'Replay' }).click();
await confirm('Replay');
await page.locator('.group').getByRole('button', { name: 'Discard …' }).click();
await page.locator('dialog[open]').getByRole('textbox').fill('readings_silver');
await confirm('Discard');
await says('Nothing is set aside');

// ---- pause, resume, tokens ---------------------------------------------------------------------------------------

await go('/p/iot/list');
await page.getByRole('button', { name: 'Pause', exact: true }).click();
await confirm('Pause');
await page.getByRole('button', { name: 'Resume' }).click();
await confirm('Resume');
await page.getByRole('button', { name: 'Pause', exact: true }).waitFor();
await go('/settings');
await page.getByRole('textbox', { name: 'Name' }).fill('wall screen');
await page.getByRole('button', { name: 'Make a token' }).click();
const token = (await page.locator('.note code').innerText()).trim();
await page.getByRole('row', { name: /wall screen/ }).waitFor();
{
  const screen = await walk.page(browser, { ignore, width: 400, theme: 'dark' });
  await screen.goto(`${front}p/iot/list`);
  await screen.getByLabel('Or paste a code or a token').fill(token);
  await screen.getByRole('button', { name: 'Sign in' }).click();
  await walk.settled(screen);
  await screen.getByRole('link', { name: 'readings_silver', exact: true }).waitFor();
  walk.equal(await screen.getByRole('button', { name: 'Pause', exact: true }).count(), 0, 'buttons of a viewer');
  await walk.fits(screen, 'as a viewer');
  await walk.shot(screen, 'viewer');
  await screen.context().close();
}

// ---- the server is killed under the open page, and started again ------------------------------------------------

await go('/p/shop');
await server.end('SIGKILL');
await page.locator('.live', { hasText: 'Stale since' }).waitFor();
await walk.shot(page, 'stale');
server = await serve(`127.0.0.1:${port}`, /the page is at (\S+)\n/);
await page.locator('.live', { hasText: 'Live' }).waitFor();
await go('/p/shop/runs');
await page.locator('.grid-number', { hasText: /^[4-9]$/ }).last().waitFor(); // its run at the start, the newest that found nothing
const numbers = await page.locator('.grid-number').allInnerTexts();
walk.equal(new Set(numbers).size, numbers.length, 'a run is shown once');
await walk.shot(page, 'again');

walk.end();
await browser.close();
await server.end('SIGTERM');
