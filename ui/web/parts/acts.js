// SPDX-License-Identifier: Apache-2.0
// acts.js -- what can be done to a pipeline, each as a question (dialog.js).

import { change, get, post } from '../lib/api.js';
import { command } from '../lib/command.js';
import { plural } from '../lib/format.js';
import { doc, to } from '../lib/route.js';
import { Link, Search } from './bits.js';
import { ask } from './dialog.js';
import { html } from './html.js';
import { say } from './toast.js';

const WAIT_S = 25;
const FOLLOW_MS = 1000_000;
const PAUSE_MS = 2000; // the server answers at once when many wait

/** Follows a ticket until its run ended, and says how.  @param {string} pipeline @param {any} answer */
async function followRun(pipeline, answer) {
  if (answer?.ticket === undefined) return;
  let told = false;
  for (const begun = Date.now(); Date.now() - begun < FOLLOW_MS; ) {
    const asked = Date.now();
    let t;
    try {
      t = await get(`tickets/${answer.ticket}?wait=${WAIT_S}`);
    } catch {
      return;
    }
    const run = t.run ? html`<${Link} to=${to.run(pipeline, t.run)}>Run ${t.run}</${Link}>` : 'The run';
    if (t.exit_code !== undefined && t.exit_code !== null) {
      const bad = t.exit_code !== 0;
      say(
        html`${run} of ${pipeline} ${bad ? `ended with exit code ${t.exit_code}` : t.warnings ? 'succeeded with warnings' : 'succeeded'}${t.error ? `: ${t.error}` : ''}`,
        bad ? 'bad' : 'ok',
      );
      return;
    }
    if (t.run && !told) {
      told = true;
      say(html`${run} of ${pipeline} is running`);
    }
    if (Date.now() - asked < PAUSE_MS) await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
}

/** @param {string} pipeline */
const accepted = (pipeline) => (answer) => {
  followRun(pipeline, answer);
  return `${pipeline} is asked to run`;
};

/** @param {string} pipeline */
export const askRun = (pipeline) =>
  ask({
    title: `Run ${pipeline}?`,
    button: 'Run',
    body: html`<p>Catches up with everything new, then ends.</p>`,
    command: () => command.run(pipeline),
    act: () => post(doc.of(pipeline, 'runs')),
    done: accepted(pipeline),
    touches: 'overview',
  });

/** @param {{names: string[], chosen: string[], set: (names: string[]) => void, find: string, setFind: (t: string) => void}} p */
function Pick({ names, chosen, set, find, setFind }) {
  const seen = names.filter((n) => n.includes(find));
  const turn = (n) => set(chosen.includes(n) ? chosen.filter((c) => c !== n) : [...chosen, n]);
  return html`<fieldset class="pick"><legend>Tables <span class="dim">
    ${chosen.length ? `${chosen.length} chosen` : 'none chosen'}</span></legend>
    ${names.length > 8 ? html`<${Search} label="Find a table" value=${find} onInput=${setFind} />` : null}
    <div class="pick-list">${seen.slice(0, 200).map(
      (n) => html`<label key=${n}>
      <input type="checkbox" checked=${chosen.includes(n)} onChange=${() => turn(n)} />${n}</label>`,
    )}</div>
    ${
      seen.length > 200
        ? html`<p class="dim">
      ${plural(seen.length - 200, 'table')} more: type a part of the name.</p>`
        : null
    }</fieldset>`;
}

/** @param {any} o @param {(change: object) => void} set @param {string[]} names */
const picker = (o, set, names) => html`<${Pick} names=${names} chosen=${o.chosen} find=${o.find}
  set=${(chosen) => set({ chosen })} setFind=${(find) => set({ find })} />`;

/** @param {string} pipeline @param {string[]} names @param {string[]} [chosen] */
export const askRunSelected = (pipeline, names, chosen = []) =>
  ask({
    title: `Run some tables of ${pipeline}`,
    button: 'Run these',
    body: html`<p>Only the chosen tables are written; what they read is read as it is.</p>`,
    options: { chosen, find: '', up: false },
    fields: (o, set) => html`${picker(o, set, names)}
    <label class="check"><input type="checkbox" checked=${o.up}
      onChange=${() => set({ up: !o.up })} />and all that they read</label>`,
    ready: (o) => o.chosen.length > 0,
    command: (o) => command.run(pipeline, { select: selection(o) || '…' }),
    act: (o) => post(doc.of(pipeline, 'runs'), { select: selection(o) }),
    done: accepted(pipeline),
    touches: 'overview',
  });

/** @param {{chosen: string[], up?: boolean}} o */
const selection = (o) => o.chosen.map((n) => (o.up ? `+${n}` : n)).join(' ');

/** @param {string} pipeline @param {string[]} names @param {string[]} [chosen] */
export const askFullRefresh = (pipeline, names, chosen = []) =>
  ask({
    title: 'Full refresh',
    button: 'Rebuild',
    danger: true,
    body: html`<p>Rebuilds the chosen tables from their sources. Rows that the sources no longer have are gone from the tables; older versions of the tables stay readable until they are vacuumed.</p>`,
    options: { chosen, find: '', keep_downstream: false, with_quarantine: false },
    fields: (o, set) => html`${picker(o, set, names)}
    <label class="check"><input type="checkbox" checked=${o.keep_downstream}
      onChange=${() => set({ keep_downstream: !o.keep_downstream })} />tables that read them by STREAM keep their rows</label>
    <label class="check"><input type="checkbox" checked=${o.with_quarantine}
      onChange=${() => set({ with_quarantine: !o.with_quarantine })} />what was set aside goes too</label>`,
    typed: (o) => (o.chosen.length === 1 ? o.chosen[0] : pipeline),
    ready: (o) => o.chosen.length > 0,
    command: (o) =>
      command.run(pipeline, {
        full_refresh: selection(o) || '…',
        keep_downstream: o.keep_downstream,
        with_quarantine: o.with_quarantine,
      }),
    act: (o) =>
      post(doc.of(pipeline, 'runs'), {
        full_refresh: selection(o),
        ...(o.keep_downstream ? { keep_downstream: true } : {}),
        ...(o.with_quarantine ? { with_quarantine: true } : {}),
      }),
    done: accepted(pipeline),
    touches: 'overview',
  });

/** @type {Record<'stop' | 'pause' | 'resume', [string, string, string]>} button, what it does, words afterwards */
const verbs = {
  stop: [
    'Stop',
    'The running batch is thrown away or finished, what was decided is published; then the run ends. The next run goes on from there.',
    'is stopping',
  ],
  pause: [
    'Pause',
    'Triggers start nothing until somebody resumes; a run by hand still works. It stays paused over restarts of the server.',
    'is paused',
  ],
  resume: ['Resume', 'Triggers start runs again.', 'goes on'],
};

/** @param {'stop' | 'pause' | 'resume'} verb @param {string} pipeline */
export const askVerb = (verb, pipeline) =>
  ask({
    title: `${verbs[verb][0]} ${pipeline}?`,
    button: verbs[verb][0],
    body: html`<p>${verbs[verb][1]}</p>`,
    command: () => command.verb(verb, pipeline),
    act: () => post(doc.of(pipeline, verb)),
    done: () => `${pipeline} ${verbs[verb][2]}`,
    touches: pipeline,
  });

/** @param {string} pipeline @param {number} run @param {boolean} failed only what failed */
export const askRetry = (pipeline, run, failed) =>
  ask({
    title: failed ? `Retry what failed in run ${run}?` : `Run all of run ${run} again?`,
    button: 'Retry',
    body: html`<p>${failed ? 'Runs the tables that failed, and those that were skipped because of them.' : 'Runs the same selection again; what is up to date has nothing to do.'}</p>`,
    command: () => command.retry(pipeline, failed),
    act: () => post(doc.of(pipeline, 'retry'), { run, ...(failed ? {} : { all: true }) }),
    done: accepted(pipeline),
    touches: pipeline,
  });

export const askReload = () =>
  ask({
    title: 'Deploy the files as they are now?',
    button: 'Reload',
    body: html`<p>Validates first. If anything is invalid the deployed plan stays in force, and the page says why.</p>`,
    command: () => command.reload(),
    act: () => post('reload'),
    done: () => 'The files are deployed',
    touches: 'overview',
  });

/** @param {string} pipeline @param {string} table @param {{rule?: string, row?: string}} o */
export const askReplay = (pipeline, table, o) =>
  ask({
    title: `Judge ${o.row ? 'this row' : 'these rows'} of ${table} again?`,
    button: 'Replay',
    body: html`<p>Rows that pass the rules of today go into the table, once; the others stay set aside.</p>`,
    command: () => command.quarantine('replay', pipeline, table, o),
    act: () => post(`${doc.quarantine(pipeline, table)}/replay`, o),
    done: (d) =>
      d?.replayed !== undefined ? `${plural(d.replayed, 'row')} went back into ${table}` : `${table} is judged again`,
    touches: 'quarantine',
  });

/** @param {string} pipeline @param {string} table @param {{rule?: string, row?: string}} o */
export const askDiscard = (pipeline, table, o) =>
  ask({
    title: `Forget ${o.row ? 'this row' : o.rule ? `what broke ${o.rule}` : 'all that was set aside'}`,
    button: 'Discard',
    danger: true,
    typed: table,
    body: html`<p>These rows are then in no table. Nothing brings them back but a full refresh, if the source still has them.</p>`,
    command: () => command.quarantine('discard', pipeline, table, o),
    act: () => post(`${doc.quarantine(pipeline, table)}/discard`, o.rule || o.row ? o : { all: true }),
    done: (d) =>
      d?.discarded !== undefined
        ? `${plural(d.discarded, 'row')} of ${table} are forgotten`
        : `Set-aside rows of ${table} are forgotten`,
    touches: 'quarantine',
  });

/** @param {string} pipeline @param {string} flow */
export const askReset = (pipeline, flow) =>
  ask({
    title: `Let ${flow} begin again`,
    button: 'Reset',
    danger: true,
    typed: flow,
    body: html`<p>The flow forgets what it has read and begins with a new checkpoint. Its table keeps its rows, so rows that are read again are there twice, unless the table is rebuilt: that is a full refresh.</p>`,
    command: () => command.checkpoint('reset', pipeline, flow),
    act: () => post(doc.of(pipeline, `checkpoints/${encodeURIComponent(flow)}/reset`)),
    done: () => `${flow} begins again with its next run`,
    touches: pipeline,
  });

/** @param {string} id */
export const askRevoke = (id) =>
  ask({
    title: `Revoke the token ${id}?`,
    button: 'Revoke',
    danger: true,
    body: html`<p>Whoever uses it is refused from now on.</p>`,
    command: () => command.token('revoke', id),
    act: () => change('DELETE', `tokens/${encodeURIComponent(id)}`),
    done: () => `${id} is revoked`,
    touches: 'tokens',
  });
