// SPDX-License-Identifier: Apache-2.0
// settings.js -- tokens and roles, how the page looks, versions.

import { useState } from 'preact/hooks';
import { ApiError, post } from '../lib/api.js';
import { apiOf, urlOf } from '../lib/base.js';
import { command } from '../lib/command.js';
import { refresh, useDoc } from '../lib/docs.js';
import { logout, may, useMe } from '../lib/session.js';
import { setTheme, themes, useTheme } from '../lib/theme.js';
import { askReload, askRevoke } from '../parts/acts.js';
import { Choice, Command, Empty, Facts, Head, Select, Shown, useTitle, When } from '../parts/bits.js';
import { html } from '../parts/html.js';
import { say } from '../parts/toast.js';

/** @type {Record<string, string>} */
const roles = {
  viewer: 'sees status and counts, no rows',
  operator: 'also runs, stops, pauses, retries, and looks at rows',
  admin: 'also rebuilds, resets, discards, and makes tokens',
};

function NewToken() {
  const [name, setName] = useState('');
  const [role, setRole] = useState('viewer');
  const [made, setMade] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {ApiError | null} */ (null));
  const make = async (e) => {
    e.preventDefault();
    setError(null);
    try {
      setMade(await post('tokens', { name, role }));
      setName('');
      refresh('tokens');
    } catch (e2) {
      setError(e2 instanceof ApiError ? e2 : new ApiError(0, '', String(e2), ''));
    }
  };
  return html`<form class="new-token" onSubmit=${make}><label class="field"><span>Name</span>
    <input value=${name} required maxlength="100" autocomplete="off" placeholder="ci"
    onInput=${(e) => setName(e.currentTarget.value)} /></label>
    <${Select} label="Role" value=${role} options=${Object.keys(roles).map((r) => [r, r])} onPick=${setRole} />
      <button type="submit" disabled=${!name.trim()}>Make a token</button>
    <p class="dim new-token-note">${role} ${roles[role]}. The same: <${Command}
      text=${command.token('create', '--name', name || 'NAME', '--role', role)} /></p></form>
    ${error ? html`<p class="note tone-bad" role="alert">${error.message}</p>` : null}
    ${
      made
        ? html`<p class="note tone-ok" role="status">This is shown once: <${Command}
      text=${made.token ?? made.secret ?? ''} label="the token" /></p>`
        : null
    }`;
}

function Tokens() {
  const look = useDoc('tokens');
  return html`<section aria-labelledby="tokens"><${Head} id="tokens" title="Tokens" /><${NewToken} />
    <${Shown} doc=${look} what="The list of tokens">${(d) => {
      const list = Array.isArray(d) ? d : (d.tokens ?? []);
      return list.length === 0
        ? html`<${Empty} title="There are no tokens" />`
        : html`<div class="scroll-x"
        tabindex="0" role="region" aria-label="Tokens"><table class="table"><thead><tr><th scope="col">Token</th>
        <th scope="col">Role</th><th scope="col">Made</th><th scope="col">Last used</th><th scope="col">Ends</th>
        <th scope="col"><span class="only-read">Revoke</span></th></tr></thead>
        <tbody>${list.map(
          (t) => html`<tr key=${t.id} data-row><th scope="row">${t.name ?? t.id}<code class="under">
          ${t.id}</code></th><td>${t.role}</td><td><${When} at=${t.created} /></td><td>
          ${t.used ? html`<${When} at=${t.used} />` : html`<span class="dim">never</span>`}</td><td>
          ${t.revoked ? 'revoked' : t.expires ? html`<${When} at=${t.expires} />` : 'never'}</td><td class="act">
          ${
            t.revoked
              ? null
              : html`<button type="button" class="danger-quiet"
          onClick=${() => askRevoke(t.id)}>Revoke …</button>`
          }</td></tr>`,
        )}</tbody></table></div>`;
    }}</${Shown}></section>`;
}

/** startRun → start run @param {string} act */
const actWords = (act) => act.replace(/([A-Z])/g, (c) => ` ${c.toLowerCase()}`);

/** Who did what: the newest first. */
function Audit() {
  const look = useDoc('audit?limit=50');
  return html`<section aria-labelledby="audit"><${Head} id="audit" title="What people did" />
    <${Shown} doc=${look} what="The audit log">${(d) =>
      d.audit.length === 0
        ? html`<p class="dim">Nothing yet.</p>`
        : html`<div class="scroll-x rows-short" tabindex="0" role="region" aria-label="What people did">
          <table class="table">
          <thead><tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">What</th><th scope="col">Of</th>
            <th scope="col">From</th><th scope="col">Outcome</th></tr></thead>
          <tbody>${d.audit.map(
            (a) => html`<tr key=${a.id} data-row><td><${When} at=${a.time} /></td><td>${a.by || '–'}</td>
            <th scope="row">${actWords(a.act)}</th><td>${[a.pipeline, a.subject].filter(Boolean).join(' / ')}</td>
            <td class="dim">${a.address}</td><td>${a.outcome ?? '…'}</td></tr>`,
          )}</tbody></table></div>`}</${Shown}></section>`;
}

/** @param {{d: any}} p what the server says of itself */
const Server = ({ d }) =>
  html`<${Facts} of=${Object.entries(d)
    .filter(([, v]) => v !== null && typeof v !== 'object')
    .map(([k, v]) => [k.replaceAll('_', ' '), String(v)])} />`;

export function Settings() {
  const me = useMe();
  const theme = useTheme();
  const server = useDoc(may('admin') ? 'settings' : null);
  useTitle('Settings');
  return html`<div class="page-head"><div class="page-title"><h1>Settings</h1></div></div>
    <section aria-labelledby="looks"><${Head} id="looks" title="How it looks" />
      <${Choice} label="Theme" value=${theme} options=${themes.map((t) => [t, t])} onPick=${setTheme} /></section>
    <section aria-labelledby="you"><${Head} id="you" title="You" /><${Facts} of=${[
        [
          'Role',
          roles[me.role]
            ? html`${me.role} <span class="dim">${roles[me.role]}
      </span>`
            : me.role,
        ],
        ['Token', me.name],
        ['Server', me.version ? `smelt ${me.version}` : null],
      ]} />
      ${me.auth === 'none' ? html`<p class="dim">This server asks nobody who they are (<code>auth: none</code>).</p>` : html`<p><button type="button" onClick=${() => logout().catch((e) => say(e.message, 'bad'))}>Sign out</button></p>`}</section>
    ${
      may('admin')
        ? html`<${Tokens} /><${Audit} /><section aria-labelledby="server"><${Head} id="server" title="Server">
      <button type="button" onClick=${askReload}>Deploy the files as they are …</button></${Head}>
      ${
        server.error?.status === 404
          ? html`<p class="dim">This server says nothing of its settings.</p>`
          : html`<${Shown} doc=${server} what="The settings">
      ${(d) => html`<${Server} d=${d} />`}</${Shown}>`
      }</section>`
        : html`<p class="dim">Tokens and the settings of the server are for admins.</p>`
    }
    <section aria-labelledby="machines"><${Head} id="machines" title="For machines" /><ul class="plain"><li>
      <a href=${urlOf('/metrics')}>metrics</a> for Prometheus</li><li>
      <a href=${apiOf('openapi.json')}>openapi.json</a> says what can be asked</li></ul></section>`;
}
