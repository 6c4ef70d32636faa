// SPDX-License-Identifier: Apache-2.0
// browser.mjs -- a browser that notices: errors, what is refused, what does not fit.  The tests of the
// page walk with it; screenshots stay in their scratch folder.

import { createRequire } from 'node:module';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const require = createRequire(path.join(process.env.SM_SOURCE, 'build/deps/web-check/'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

export const launch = () => chromium.launch({ executablePath: process.env.SM_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'] });

/** Faults are collected, and told at the end. */
export class Walk {
  constructor(name) {
    this.name = name;
    this.faults = [];
    this.steps = 0;
    mkdirSync('shots', { recursive: true });
  }

  fault(text) {
    this.faults.push(text);
    console.log(`FAULT  ${text}`);
  }

  /** What must be so, as a sentence. */
  check(fact, sentence) {
    this.steps++;
    if (!fact) this.fault(sentence);
  }

  equal(got, wanted, sentence) {
    this.check(JSON.stringify(got) === JSON.stringify(wanted), `${sentence}: ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`);
  }

  async page(browser, { theme = 'light', width = 1360, height = 900, now, ignore = () => false, ...more } = {}) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, reducedMotion: 'reduce', timezoneId: 'UTC', locale: 'en-US', bypassCSP: false, ...more });
    const page = await context.newPage();
    if (now !== undefined) await page.clock.setFixedTime(now);
    page.on('console', (m) => m.type() === 'error' && !ignore(m.text()) && this.fault(`${page.url()}: console: ${m.text()}`));
    page.on('pageerror', (e) => this.fault(`${page.url()}: ${e.stack ?? e.message}`));
    page.on('requestfailed', (r) => {
      if (!/\/stream$/.test(r.url()) && r.failure()?.errorText !== 'net::ERR_ABORTED' && !ignore(r.url())) this.fault(`${page.url()}: request failed: ${r.url()} ${r.failure()?.errorText}`);
    });
    return page;
  }

  /** Is what is shown all there is?  Nothing is busy, and the page does not scroll sideways. */
  async settled(page) {
    await page.waitForFunction(() => document.querySelector('main > *') && !document.querySelector('main .loading'));
    await page.waitForFunction(() => [...document.querySelectorAll('.chart-box')].every((b) => b.querySelector('canvas')));
  }

  async fits(page, name) {
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    this.check(over <= 0, `${name}: the page scrolls sideways by ${over} px`);
  }

  async shot(page, name) {
    // as high as the page, so that all of it is drawn
    const { width, height } = page.viewportSize();
    const whole = await page.evaluate(() => document.documentElement.scrollHeight);
    if (whole > height) await page.setViewportSize({ width, height: Math.min(whole, 4000) });
    await page.screenshot({ path: `shots/${name}.png`, fullPage: true, animations: 'disabled' });
    if (whole > height) await page.setViewportSize({ width, height });
  }

  async accessible(page, name) {
    // as a script it would be refused by the page's policy: it is evaluated
    await page.evaluate(axe);
    const found = await page.evaluate((rules) => window.axe.run({ runOnly: rules, resultTypes: ['violations'] }), RULES);
    for (const v of found.violations) {
      const bad = v.impact === 'serious' || v.impact === 'critical';
      const where = v.nodes.slice(0, 3).map((n) => `${n.target.join(' ')}: ${(n.failureSummary ?? '').split('\n').slice(1, 2).join('').trim()}`).join('\n         ');
      if (bad) this.fault(`${name}: ${v.id} (${v.impact}): ${v.help}, ${v.nodes.length} times\n         ${where}`);
      else console.log(`note   ${name}: ${v.id} (${v.impact}), ${v.nodes.length} times`);
    }
    this.steps++;
  }

  /** Ends the test. */
  end() {
    console.log(`${this.name}: ${this.steps} checks, ${this.faults.length} faults; screenshots in ${path.resolve('shots')}`);
    if (this.faults.length > 0) process.exitCode = 1;
  }
}
