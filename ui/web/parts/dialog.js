// SPDX-License-Identifier: Apache-2.0
// dialog.js -- asking before something is done: what it does, the command line that does the same,
// and, for what destroys, the name typed by hand.

import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../lib/api.js';
import { refresh } from '../lib/docs.js';
import { Command } from './bits.js';
import { html } from './html.js';
import { say } from './toast.js';

/**
 * @typedef {{
 *   title: string, body?: any, button: string, danger?: boolean,
 *   typed?: string | ((options: any) => string), fields?: (options: any, set: (change: object) => void) => any, options?: object,
 *   command: (options: any) => string, ready?: (options: any) => boolean,
 *   act: (options: any) => Promise<any>, done: (answer: any, options: any) => any, touches?: string
 * }} Question typed: the name that has to be typed; options: what fields change; done: the words afterwards
 */

/** @type {((q: Question | null) => void) | null} */
let show = null;

/** @param {Question} q */
export function ask(q) {
  show?.(q);
}

/** @param {{q: Question, close: () => void}} p */
function Form({ q, close }) {
  const [options, setAll] = useState(q.options ?? {});
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(/** @type {ApiError | null} */ (null));
  const set = (change) => setAll((o) => ({ ...o, ...change }));
  const name = typeof q.typed === 'function' ? q.typed(options) : q.typed;
  const may = (q.ready?.(options) ?? true) && (name === undefined || (typed === name && name !== ''));
  const submit = async (e) => {
    e.preventDefault();
    if (!may || busy) return;
    setBusy(true);
    setError(null);
    try {
      const answer = await q.act(options);
      close();
      say(q.done(answer, options));
      if (q.touches) refresh(q.touches);
    } catch (e2) {
      setError(e2 instanceof ApiError ? e2 : new ApiError(0, '', String(e2), ''));
      setBusy(false);
    }
  };
  return html`<form method="dialog" onSubmit=${submit}>
    <h2 id="dialog-title">${q.title}</h2>
    ${q.body ? html`<div class="dialog-body">${q.body}</div>` : null}
    ${q.fields ? q.fields(options, set) : null}
    ${
      name === undefined
        ? null
        : html`<label class="field"><span>Type <code>${name || '…'}</code> to go on</span>
      <input value=${typed} autocomplete="off" spellcheck=${false}
        onInput=${(e) => setTyped(e.currentTarget.value)} /></label>`
    }
    <p class="dialog-same">The same from a terminal<br /><${Command} text=${q.command(options)} /></p>
    ${
      error
        ? html`<p class="note tone-bad" role="alert">${error.message}${
            error.hint
              ? html`<br />
      ${error.hint}`
              : null
          }</p>`
        : null
    }
    <div class="dialog-foot"><button type="button" onClick=${close}>Cancel</button>
      <button type="submit" class=${q.danger ? 'danger' : 'primary'} disabled=${!may || busy}>
        ${busy ? 'Asking …' : q.button}</button></div></form>`;
}

/** Stands once, at the end of the page. */
export function Dialogs() {
  const [q, set] = useState(/** @type {Question | null} */ (null));
  const box = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const from = useRef(/** @type {Element | null} */ (null));
  show = (next) => {
    from.current = document.activeElement;
    set(next);
  };
  useEffect(() => {
    if (q === null) return;
    if (!box.current?.open) box.current?.showModal();
  }, [q]);
  const close = () => {
    box.current?.close();
    set(null);
    /** @type {HTMLElement | null} */ (from.current)?.focus?.();
  };
  return html`<dialog ref=${box} class="dialog" aria-labelledby="dialog-title"
    onCancel=${(e) => {
      e.preventDefault();
      close();
    }}
    onClick=${(e) => e.target === box.current && close()}>
    ${q ? html`<${Form} key=${q.title} q=${q} close=${close} />` : null}</dialog>`;
}
