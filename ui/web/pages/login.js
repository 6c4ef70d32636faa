// SPDX-License-Identifier: Apache-2.0
// login.js -- who are you?  The code of the printed link stands in the fragment, which no server and
// no log sees; it is exchanged for a cookie by POST.

import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../lib/api.js';
import { codeOf, typed } from '../lib/login_code.js';
import { go } from '../lib/router.js';
import { login } from '../lib/session.js';
import { Command, useTitle } from '../parts/bits.js';
import { html } from '../parts/html.js';

/** The code in "#code=…", taken out of the address. */
function takeCode() {
  const hash = location.hash;
  if (hash.length > 1 && hash !== '#main') history.replaceState(null, '', location.pathname + location.search);
  return codeOf(hash);
}

/** @param {{next: string}} p where to go then */
export function Login({ next }) {
  const [code, setCode] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(/** @type {ApiError | null} */ (null));
  useTitle('Sign in');
  const enter = async (secret) => {
    setBusy(true);
    setError(null);
    try {
      await login(secret);
      go(next.startsWith('/login') ? '/' : next, { replace: true });
    } catch (e) {
      setError(e instanceof ApiError ? e : new ApiError(0, '', String(e), ''));
    }
    setBusy(false);
  };
  useEffect(() => {
    const given = takeCode();
    if (given) enter({ code: given });
  }, []);
  return html`<section class="login"><h1>Sign in</h1>
    <p>When <code>smelt serve</code> starts for the first time it prints a link that signs you in once. It is valid for ten minutes.</p>
    <form onSubmit=${(e) => {
      e.preventDefault();
      enter(typed(code.trim()));
    }}>
      <label class="field"><span>Or paste a code or a token</span><input type="password" value=${code}
        autocomplete="off" onInput=${(e) => setCode(e.currentTarget.value)} /></label>
      <button type="submit" class="primary" disabled=${busy || code.trim() === ''}>${busy ? 'Asking …' : 'Sign in'}
        </button></form>
    ${
      error
        ? html`<p class="note tone-bad" role="alert">
      ${error.status === 429 ? 'Too many tries: wait a minute.' : error.message}${
        error.hint
          ? html`<br />
      ${error.hint}`
          : null
      }</p>`
        : null
    }
    <p class="dim">An admin makes tokens in Settings, or with <${Command} text="smelt token create --role viewer" />
      </p></section>`;
}
