// SPDX-License-Identifier: Apache-2.0
// api.js -- asking the server.  Failures are ApiError, with the server's own words.

import { apiOf } from './base.js';

export class ApiError extends Error {
  /** @param {number} status 0: nobody answered @param {string} code @param {string} message @param {string} hint */
  constructor(status, code, message, hint) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}

let csrf = '';
/** @param {string} token */
export function setCsrf(token) {
  csrf = token;
}

/** @param {Response} r @returns {Promise<ApiError>} */
async function failure(r) {
  try {
    const { error } = await r.json();
    return new ApiError(r.status, error.code ?? '', error.message ?? r.statusText, error.hint ?? '');
  } catch {
    return new ApiError(r.status, '', `the server answered ${r.status} ${r.statusText}`.trim(), '');
  }
}

/** @param {string} path below api/v1 @param {RequestInit} init @returns {Promise<any>} */
async function send(path, init) {
  /** @type {Response} */
  let r;
  try {
    r = await fetch(apiOf(path), { credentials: 'same-origin', ...init });
  } catch (e) {
    if (init.signal?.aborted) throw e;
    throw new ApiError(0, 'unreachable', 'the server does not answer', 'is `smelt serve` running?');
  }
  if (!r.ok) throw await failure(r);
  return r.status === 204 ? null : r.json();
}

/** The browser revalidates by ETag; what did not change is not sent again.
 * @param {string} path @param {AbortSignal} [signal] */
export const get = (path, signal) => send(path, { cache: 'no-cache', signal });

/** @param {'POST' | 'DELETE'} method @param {string} path @param {object} [body] */
export const change = (method, path, body) =>
  send(path, {
    method,
    headers: { 'Content-Type': 'application/json', ...(csrf ? { 'X-Smelt-CSRF': csrf } : {}) },
    body: JSON.stringify(body ?? {}),
  });

/** @param {string} path @param {object} [body] */
export const post = (path, body) => change('POST', path, body);
