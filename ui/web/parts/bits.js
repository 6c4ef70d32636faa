// SPDX-License-Identifier: Apache-2.0
// bits.js -- the small things that all pages are made of.

import { useEffect, useRef, useState } from 'preact/hooks';
import { urlOf } from '../lib/base.js';
import { useNow } from '../lib/clock.js';
import { clock, duration, relative, utc } from '../lib/format.js';
import { useMe } from '../lib/session.js';
import { cx, html } from './html.js';
import { say } from './toast.js';

/** A link within the page. @param {{to: string, class?: string, children?: any, [k: string]: any}} p */
export const Link = ({ to: path, children, ...rest }) => html`<a href=${urlOf(path)} ...${rest}>${children}</a>`;

/** A time: relative, the local time beside it or on hover, UTC on hover.
 * @param {{at?: string | number | null, both?: boolean, absolute?: boolean}} p */
export function When({ at, both, absolute }) {
  const now = useNow();
  if (at == null) return html`<span class="dim">–</span>`;
  const local = clock(at, now);
  const text = absolute ? local : relative(at, now);
  return html`<time datetime=${typeof at === 'number' ? new Date(at).toISOString() : at}
    title=${`${local} here, ${utc(at)}`}>${text}${both ? html` <span class="dim">${local}</span>` : null}</time>`;
}

/** How long something has gone on, ticking. @param {{from?: string}} p */
export function Since({ from }) {
  const now = useNow(1000);
  return html`<span class="num">${from ? duration(now - Date.parse(from)) : '–'}</span>`;
}

/** @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    say('Copied');
  } catch {
    say('This browser does not let the page copy: select the text instead');
  }
}

/** The command line that does the same. @param {{text: string, label?: string}} p */
export const Command = ({ text, label }) => html`
  <span class="command"><code>${text}</code><button type="button" class="quiet" aria-label=${`Copy ${label ?? text}`}
    title="Copy" onClick=${() => copy(text)}>
    <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
      <rect x="5.500" y="5.500" width="8" height="8" rx="1.500" /><path d="M10.500 3.500v-1h-8v8h1" /></svg></button>
      </span>`;

/** Words for a page that has nothing (yet). @param {{title: string, children?: any}} p */
export const Empty = ({ title, children }) => html`<div class="empty"><p class="empty-title">${title}</p>${children}
  </div>`;

/** What went wrong, in the server's words. @param {{error: import('../lib/api.js').ApiError, again?: () => void, what?: string}} p */
export function Failure({ error, again, what = 'This' }) {
  const me = useMe();
  const title =
    error.status === 0
      ? 'The server does not answer'
      : error.status === 403
        ? `${what} needs more than the role ${me.role}`
        : error.status === 404
          ? `${what} is not there`
          : error.status === 501
            ? `${what} is not supported by this server`
            : `${what} could not be shown`;
  return html`<div class="empty failure" role="alert"><p class="empty-title">${title}</p>
    <p>${error.message}${error.hint ? html`<br />${error.hint}` : null}</p>
    ${
      again && error.status !== 403 && error.status !== 404
        ? html`<button type="button"
      onClick=${again}>Try again</button>`
        : null
    }</div>`;
}

/** A document on its way; quick ones show nothing. @param {{what?: string}} p */
export function Loading({ what = 'Loading' }) {
  const [slow, set] = useState(false);
  useEffect(() => {
    const t = setTimeout(() => set(true), 250);
    return () => clearTimeout(t);
  }, []);
  return html`<p class="loading" role="status">${slow ? `${what} …` : ''}</p>`;
}

/** A document's states in one place: children(data) when it is there; if the newest look failed, that is said above.
 * @param {{doc: ReturnType<typeof import('../lib/docs.js').useDoc>, what: string, children: (data: any) => any}} p */
export function Shown({ doc, what, children }) {
  if (doc.data === null) {
    return doc.error
      ? html`<${Failure} error=${doc.error} again=${doc.again} what=${what} />`
      : html`<${Loading} what=${`Loading ${what.toLowerCase()}`} />`;
  }
  return html`${
    doc.error && doc.error.status !== 0
      ? html`<p class="note tone-warn"
    role="status">This is what the server said last; it now says: ${doc.error.message}</p>`
      : null
  }
    ${children(doc.data)}`;
}

/** A title on the window. @param {string} text */
export function useTitle(text) {
  useEffect(() => {
    document.title = text ? `${text} · smelt` : 'smelt';
  }, [text]);
}

/** @param {{label: string, value: string, onInput: (v: string) => void, id?: string, placeholder?: string}} p */
export function Search({ label, value, onInput, id, placeholder }) {
  return html`<label class="search"><span class="only-read">${label}</span>
    <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true"><circle cx="7" cy="7" r="4.500" />
      <path d="m10.500 10.500 3.500 3.500" /></svg>
    <input type="search" id=${id} value=${value} placeholder=${placeholder ?? label} autocomplete="off"
      spellcheck=${false}
      onInput=${(e) => onInput(e.currentTarget.value)}
      onKeyDown=${(e) => {
        if (e.key === 'Escape') /** @type {HTMLElement} */ (e.currentTarget).blur();
      }} />
        </label>`;
}

/** One of a few, as buttons. @param {{label: string, options: [string, any][], value: string, onPick: (v: string) => void}} p */
export const Choice = ({ label, options, value, onPick }) => html`
  <div class="choice" role="group" aria-label=${label}>${options.map(
    ([key, word]) => html`
    <button type="button" key=${key} aria-pressed=${key === value} onClick=${() => onPick(key)}>${word}</button>`,
  )}
      </div>`;

/** A select with its label. @param {{label: string, options: [string, string][], value: string, onPick: (v: string) => void}} p */
export const Select = ({ label, options, value, onPick }) => html`
  <label class="select"><span>${label}</span><select value=${value} onChange=${(e) => onPick(e.currentTarget.value)}>
    ${options.map(([key, word]) => html`<option key=${key} value=${key} selected=${key === value}>${word}</option>`)}
      </select></label>`;

/** A menu under a button: arrow keys, Esc. @param {{label: string, items: ({text: string, hint?: string, act: () => void, danger?: boolean, off?: string} | null)[], class?: string}} p */
export function Menu({ label, items, class: extra }) {
  const [open, set] = useState(false);
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  useEffect(() => {
    if (!open) return undefined;
    /** @type {HTMLElement | null | undefined} */ (
      box.current?.querySelector('[role=menuitem]:not([disabled])')
    )?.focus();
    const away = (e) => !box.current?.contains(/** @type {Node} */ (e.target)) && set(false);
    addEventListener('pointerdown', away);
    return () => removeEventListener('pointerdown', away);
  }, [open]);
  const shut = () => {
    set(false);
    /** @type {HTMLElement | null | undefined} */ (box.current?.querySelector('button'))?.focus();
  };
  const keys = (e) => {
    if (e.key === 'Escape') shut();
    if (e.key !== 'ArrowDown' && e.key !== 'ArrowUp') return;
    e.preventDefault();
    const all = /** @type {HTMLElement[]} */ ([
      ...(box.current?.querySelectorAll('[role=menuitem]:not([disabled])') ?? []),
    ]);
    const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    all[(at + (e.key === 'ArrowDown' ? 1 : all.length - 1)) % all.length]?.focus();
  };
  return html`<div class="menu" ref=${box} onKeyDown=${open ? keys : undefined}>
    <button type="button" class=${cx(extra)} aria-haspopup="menu" aria-expanded=${open} onClick=${() => set(!open)}>
      ${label}
      <svg viewBox="0 0 10 6" width="10" height="6" aria-hidden="true"><path d="m1 1 4 4 4-4" /></svg></button>
    ${
      open
        ? html`<div role="menu" class="menu-list">${items.map(
            (i) =>
              i &&
              html`
      <button type="button" role="menuitem" key=${i.text} class=${i.danger ? 'danger' : ''} disabled=${Boolean(i.off)}
        title=${i.off} onClick=${() => {
          shut();
          i.act();
        }}>
        ${i.text}${i.hint ? html`<span class="dim">${i.hint}</span>` : null}</button>`,
          )}</div>`
        : null
    }</div>`;
}

/** A heading with what belongs to it on its right. @param {{title: any, id?: string, children?: any, level?: number}} p */
export const Head = ({ title, id, children, level = 2 }) => html`<div class="head">${
  level === 2 ? html`<h2 id=${id}>${title}</h2>` : html`<h3 id=${id}>${title}</h3>`
}<div class="head-side">${children}
    </div></div>`;

/** Pairs of name and value. @param {{of: [string, any][]}} p */
export const Facts = ({ of }) => html`<dl class="facts">
  ${of
    .filter(([, v]) => v !== null && v !== undefined && v !== '')
    .map(
      ([k, v]) => html`
  <div key=${k}><dt>${k}</dt><dd>${v}</dd></div>`,
    )}</dl>`;
