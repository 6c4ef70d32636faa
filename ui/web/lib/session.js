// SPDX-License-Identifier: Apache-2.0
// session.js -- who the reader is, and so what may be done.

import { useEffect, useState } from 'preact/hooks';
import { ApiError, get, post, setCsrf } from './api.js';
import { onRefused } from './docs.js';
import { start, stop } from './live.js';

/**
 * @typedef {{known: boolean, asked: boolean, role: string, name: string, auth: string, version: string,
 *   rows: boolean, error: ApiError | null}} Me  rows: may be looked at; name: the token's, "" without one */

const roles = ['none', 'viewer', 'operator', 'admin'];

/** @type {Me} */
let me = {
  known: false,
  asked: false,
  role: 'none',
  name: '',
  auth: '',
  version: '',
  rows: false,
  error: null,
};
/** @type {Set<() => void>} */
const lookers = new Set();

/** @param {Partial<Me>} change */
function set(change) {
  me = { ...me, ...change };
  for (const f of lookers) f();
}

onRefused(() => {
  stop();
  set({ known: false, role: 'none' });
});

/** Ask the server; the stream begins when it knows us. */
export async function whoAmI() {
  try {
    const doc = await get('me');
    setCsrf(doc.csrf ?? '');
    const role = doc.role ?? 'none';
    set({
      known: role !== 'none',
      asked: true,
      role,
      name: doc.token ?? '',
      auth: doc.auth ?? '',
      version: doc.version ?? '',
      rows: doc.rows ?? false,
      error: null,
    });
    if (role !== 'none') start();
  } catch (e) {
    const error = e instanceof ApiError ? e : new ApiError(0, 'broken', String(e), '');
    set({ known: false, asked: true, role: 'none', error: error.status === 401 ? null : error });
  }
}

/** @param {{code: string} | {token: string}} secret */
export async function login(secret) {
  await post('login', secret);
  await whoAmI();
}

export async function logout() {
  await post('logout');
  stop();
  set({ known: false, role: 'none' });
}

/** @returns {Me} */
export function useMe() {
  const [, again] = useState(0);
  useEffect(() => {
    const f = () => again((n) => n + 1);
    lookers.add(f);
    return () => void lookers.delete(f);
  }, []);
  return me;
}

/** @param {string} role needed */
export const may = (role) => roles.indexOf(me.role) >= roles.indexOf(role);
