// SPDX-License-Identifier: Apache-2.0
// walk_pages.mjs -- every page of made-up documents: in both themes, at 400 px, by axe, by its words when
// things go wrong; what is asked of the server; what the first page weighs; 500 tables.

import { cpus, loadavg } from 'node:os';
import { serve } from './support/fixture_server.mjs';
import { NOW } from './support/documents.mjs';
import { launch, Walk } from './support/browser.mjs';

const walk = new Walk('pages');
const server = await serve({ base: '/data/smelt/' });
const browser = await launch();
const at = (path) => server.url + path.replace(/^\//, '');

const pages = [
  ['overview', '/'], ['graph', '/p/iot/graph'], ['panel', '/p/iot?node=readings_silver'], ['steps', '/p/iot/graph?as=steps'], ['list', '/p/iot/list'], ['runs', '/p/iot/runs'],
  ['quality', '/p/iot/quality'], ['matrix', '/p/iot/quality?as=matrix'], ['streaming', '/p/iot/streaming?window=1h'], ['checkpoints', '/p/iot/state'], ['run', '/p/iot/r/112'], ['run-failed', '/p/orders/r/451'],
  ['run-open', '/p/clicks/r/9'], ['pipeline-failed', '/p/orders'], ['pipeline-new', '/p/archive/runs'], ['table', '/p/iot/t/readings_silver'], ['source', '/p/iot/t/readings'],
  ['quarantine', '/p/iot/t/readings_silver/quarantine'], ['quarantine-empty', '/p/iot/t/alerts/quarantine'], ['events', '/events'], ['settings', '/settings'], ['missing', '/nothing/here'],
];

// ---- every page, as it looks ------------------------------------------------------------------------

async function look(theme, width, judged, more = {}) {
  const as = `${theme}-${width}${more.forcedColors ? '-forced' : ''}`;
  const page = await walk.page(browser, { theme, width, now: NOW, ...more, ignore: (t) => /status of 404/.test(t) });
  for (const [name, path] of pages) {
    await page.goto(at(path));
    await walk.settled(page);
    await walk.fits(page, `${name}-${as}`);
    await walk.shot(page, `${name}-${as}`);
    if (judged) await walk.accessible(page, `${name}-${as}`);
  }
  await page.context().close();
}
await Promise.all([look('light', 1360, true), look('dark', 1360, true)]);
await Promise.all([look('light', 400, true), look('dark', 400, false)]);
// 400 % zoom of a window of 1280 px, and the colours of the system
await Promise.all([look('light', 320, false), look('dark', 1360, false, { forcedColors: 'active' })]);

// ---- what the first page weighs, and when it can be used ------------------------------------------------

{
  const page = await walk.page(browser);
  const cdp = await page.context().newCDPSession(page);
  let wire = 0;
  await cdp.send('Network.enable');
  cdp.on('Network.loadingFinished', (e) => (wire += e.encodedDataLength));
  await page.goto(at('/'));
  await walk.settled(page);
  walk.check(wire > 5000 && wire <= 150_000, `the first page weighs ${wire} bytes on the wire`);
  console.log(`the first page: ${(wire / 1000).toFixed(1)} kB on the wire`);
  wire = 0;
  await page.reload();
  await walk.settled(page);
  console.log(`the first page again: ${(wire / 1000).toFixed(1)} kB`);
  walk.check(wire <= 20_000, `what did not change is sent again: ${wire} bytes`);
  await page.context().close();
}

// 500 tables: what the thread of the page works from the click until the table can be used; counted as time
// of the processor, which does not depend on what else this machine does.
{
  const page = await walk.page(browser);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
  const worked = async () => (await cdp.send('Performance.getMetrics')).metrics.find((m) => m.name === 'TaskDuration').value * 1000;
  const show = (path) => page.evaluate((p) => {
    history.pushState(null, '', p);
    dispatchEvent(new PopStateEvent('popstate'));
  }, new URL(at(path)).pathname);
  await page.goto(at('/p/iot/list'));
  await walk.settled(page);
  for (const [name, path, ready, most] of [['list', '/p/wide/list', '[data-row]:nth-child(20)', 300], ['runs', '/p/wide/runs', '.grid tbody tr:nth-child(20)', 300], ['quality', '/p/wide/quality', '[data-row]:nth-child(20)', 300],
    ['checkpoints', '/p/wide/state', '.flow:nth-child(25)', 300], ['run', '/p/wide/r/50', '.gantt-row', 300], ['graph', '/p/wide/graph', '.node:nth-of-type(400)', 1000]]) {
    const took = [];
    for (let i = 0; i < 3; i++) {
      await show('/');
      await page.waitForSelector('.sentence');
      const before = await worked();
      await show(path);
      await page.waitForSelector(ready, { state: 'attached' });
      await page.evaluate(() => new Promise((r) => requestAnimationFrame(() => setTimeout(r))));
      took.push(Math.round(await worked() - before));
    }
    const slack = Math.min(3, Math.max(1, loadavg()[0] / cpus().length));
    console.log(`500 tables, ${name}: ${took.join(', ')} ms; slack ${slack.toFixed(1)}`);
    walk.check(Math.min(...took) <= most * slack, `500 tables, ${name}: the page works for ${Math.min(...took)} ms, more than ${most}`);
  }
  await page.goto(at('/p/wide/list'));
  await walk.settled(page);
  await page.getByRole('searchbox', { name: 'Find a table' }).fill('table_49');
  await page.waitForFunction(() => document.querySelectorAll('tbody [data-row]').length === 10);
  await page.goto(at('/p/wide/runs'));
  await walk.settled(page);
  walk.check((await page.locator('.grid tbody tr').count()) < 120, 'a grid of 500 tables draws more rows than are seen');
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await page.getByRole('link', { name: 'table_499' }).waitFor();
  await page.context().close();
}

// ---- what is said when something is wrong ----------------------------------------------------------------

{
  const page = await walk.page(browser, { ignore: (t) => /status of (403|404|500|401|503)/.test(t) });
  const says = async (path, text, break_, name) => {
    server.how.broken.clear();
    if (break_) server.how.broken.set(break_[0], break_[1]);
    await page.goto(at(path));
    await page.getByText(text).first().waitFor({ timeout: 5000 }).catch(() => walk.fault(`${path} does not say “${text}”`));
    await walk.shot(page, `says-${name}`);
    walk.steps++;
  };
  await says('/p/nobody', 'The pipeline nobody is not there', null, 'no-pipeline');
  await says('/p/iot/r/9999', 'Run 9999 of iot is not there', null, 'no-run');
  await says('/', 'the control store is damaged', ['overview', { status: 500, message: 'the control store is damaged', hint: 'smelt doctor' }], 'broken');
  await says('/p/iot/quality', 'Quality needs more than the role', ['pipelines/iot/quality', { status: 403, message: 'this needs the role operator' }], 'forbidden');
  server.how.broken.clear();
  server.site.overview.pipelines = [];
  await says('/', 'No pipeline is deployed', null, 'nothing');
  await page.context().close();
}

walk.end();
await browser.close();
server.close();
