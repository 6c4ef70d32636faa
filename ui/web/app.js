// SPDX-License-Identifier: Apache-2.0
// app.js -- the frame of every page: header, the page itself, keys; and which page a path is.

import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { base } from './lib/base.js';
import { clock } from './lib/format.js';
import { help, moveRow, useKeys } from './lib/keys.js';
import { togglePause, usePhase } from './lib/live.js';
import { to } from './lib/route.js';
import { follow, go, useRoute } from './lib/router.js';
import { useMe, whoAmI } from './lib/session.js';
import { nextTheme, useTheme } from './lib/theme.js';
import { Empty, Failure, Link, Loading } from './parts/bits.js';
import { Dialogs } from './parts/dialog.js';
import { html } from './parts/html.js';
import { say, Toasts } from './parts/toast.js';
import { Login } from './pages/login.js';
import { Overview } from './pages/overview.js';

/** Pages that are fetched when they are first shown. @type {Record<string, () => Promise<any>>} */
const later = {
  pipeline: () => import('./pages/pipeline.js').then((m) => m.Pipeline),
  run: () => import('./pages/run.js').then((m) => m.Run),
  table: () => import('./pages/table.js').then((m) => m.TablePage),
  quarantine: () => import('./pages/quarantine.js').then((m) => m.Quarantine),
  events: () => import('./pages/events.js').then((m) => m.Events),
  settings: () => import('./pages/settings.js').then((m) => m.Settings),
};

/** @type {Map<string, any>} */
const fetched = new Map();

/** @param {{name: string, params: Record<string, string>, query: URLSearchParams}} p */
function Page({ name, params, query }) {
  const [, set] = useState(0);
  const [error, setError] = useState('');
  const needs = later[name];
  useEffect(() => {
    if (!needs || fetched.has(name)) return;
    needs()
      .then((page) => {
        fetched.set(name, page);
        set((n) => n + 1);
      })
      .catch((e) => setError(String(e)));
  }, [name]);
  if (name === 'overview') return html`<${Overview} />`;
  if (!needs)
    return html`<${Empty} title="There is no such page"><p><${Link} to=${to.overview()}>Overview</${Link}>
    </p></${Empty}>`;
  const Found = fetched.get(name);
  if (!Found)
    return error
      ? html`<${Empty} title="This page could not be fetched"><p>${error}</p>
    </${Empty}>`
      : html`<${Loading} />`;
  return html`<${Found} ...${params} query=${query} />`;
}

/** @type {Record<string, [string, string]>} */
const phases = {
  off: ['Offline', 'idle'],
  connecting: ['Connecting', 'idle'],
  live: ['Live', 'ok'],
  stale: ['Stale', 'warn'],
  paused: ['Paused', 'idle'],
};

function LiveBadge() {
  const { phase, since, why } = usePhase();
  const [word, tone] = phases[phase];
  const when = phase === 'stale' || phase === 'paused' ? `${word} since ${clock(since, Date.now())}` : word;
  const text = why ? `${when}: ${why.split(/[:;]/)[0]}` : when;
  return html`<button type="button" class=${`live live-${tone}`} onClick=${togglePause}
    title=${why || (phase === 'paused' ? 'Resume live news (.)' : 'Pause live news (.)')}>
    <span class="live-dot" aria-hidden="true" /><span role="status">${text}</span></button>`;
}

const themeWords = { system: 'as the system', light: 'light', dark: 'dark' };

function ThemeButton() {
  const theme = useTheme();
  return html`<button type="button" class="icon-button" onClick=${nextTheme}
    aria-label=${`Theme: ${themeWords[theme]}. Change`} title=${`Theme: ${themeWords[theme]} (t)`}>
    <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><circle cx="8" cy="8" r="5.500" />
      <path class="filled" d="M8 2.500a5.500 5.500 0 0 1 0 11z" /></svg></button>`;
}

/** @param {{route: ReturnType<typeof useRoute>}} p */
function Header({ route }) {
  const me = useMe();
  const { params, name } = route;
  const here = (n) => (name === n ? 'page' : undefined);
  return html`<header class="top"><a class="skip" href="#main">Skip to the page</a>
    <${Link} to=${to.overview()} class="brand" aria-current=${here('overview')}>
      <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
      <rect class="brand-ground" width="32" height="32" rx="7" /><path class="brand-pot" d="M7 9h18l-3 9H10z" />
      <path class="brand-pour" d="M16 18v6" /><circle class="brand-drop" cx="16" cy="26" r="2" /></svg>smelt</${Link}>
    ${
      params.pipeline
        ? html`<nav class="crumbs" aria-label="Where you are"><ol><li>
      <${Link} to=${to.pipeline(params.pipeline)}>${params.pipeline}</${Link}></li>
      ${params.run ? html`<li>run ${params.run}</li>` : null}${
        params.table
          ? html`<li>
        <${Link} to=${to.table(params.pipeline, params.table)}>${params.table}</${Link}></li>`
          : null
      }</ol>
        </nav>`
        : null
    }
    <nav class="top-nav" aria-label="Pages"><${Link} to=${to.events()} aria-current=${here('events')}>Events</${Link}>
      <${Link} to=${to.settings()} aria-current=${here('settings')}>Settings</${Link}></nav>
    ${me.known && me.name === '' && me.auth === 'token' ? html`<${Link} to=${to.login()}
      class="button">Sign in</${Link}>` : null}
    <${LiveBadge} /><${ThemeButton} /></header>`;
}

function KeysHelp() {
  const [open, set] = useState(false);
  useKeys({ '?': () => set(true) }, []);
  const shown = (d) => {
    if (d && open && !d.open) d.showModal();
  };
  if (!open) return null;
  return html`<dialog class="dialog" aria-labelledby="keys-title" ref=${shown} onClose=${() => set(false)}>
    <form method="dialog"><h2 id="keys-title">Keys</h2>
    <table class="keys"><tbody>${help.map(
      ([k, what]) => html`<tr key=${k}><th scope="row">
      ${k.split(/ +/).map((c) => (c === '…' ? ' … ' : html`<kbd>${c}</kbd> `))}</th><td>${what}</td></tr>`,
    )}</tbody>
      </table>
    <div class="dialog-foot"><button type="submit">Close</button></div></form></dialog>`;
}

function App() {
  const route = useRoute();
  const me = useMe();
  useEffect(() => void whoAmI(), []);
  useKeys(
    {
      'g o': () => go(to.overview()),
      'g e': () => go(to.events()),
      'g s': () => go(to.settings()),
      j: () => moveRow(1),
      k: () => moveRow(-1),
      t: nextTheme,
      '.': togglePause,
      '/': () => /** @type {HTMLElement | null} */ (document.querySelector('main input[type=search]'))?.focus(),
      Escape: () => /** @type {HTMLElement | null} */ (document.activeElement)?.blur(),
    },
    [],
  );
  let page;
  if (me.error) page = html`<${Failure} error=${me.error} again=${whoAmI} what="The page" />`;
  else if (!me.asked) page = html`<${Loading} what="Asking the server who you are" />`;
  else if (!me.known || route.name === 'login')
    page = html`<${Login} next=${route.name === 'login' ? '/' : route.path + location.search} />`;
  else
    page = html`<${Page} key=${`${route.name}/${route.params.pipeline ?? ''}/${route.params.table ?? ''}/${route.params.run ?? ''}`} name=${route.name} params=${route.params} query=${route.query} />`;
  return html`<${Header} route=${route} /><main id="main" tabindex="-1">${page}</main><${Toasts} /><${Dialogs} />
    <${KeysHelp} />`;
}

addEventListener('click', follow);
addEventListener('unhandledrejection', (e) => say(String(e.reason?.message ?? e.reason), 'bad'));
const root = document.getElementById('page');
if (root) {
  root.textContent = '';
  root.dataset.base = base;
  render(html`<${App} />`, root);
}
