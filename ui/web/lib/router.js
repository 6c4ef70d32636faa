// SPDX-License-Identifier: Apache-2.0
// router.js -- where the reader is: the path, and the query that holds what a page remembers.

import { useEffect, useState } from 'preact/hooks';
import { pathOf, urlOf } from './base.js';
import { match } from './route.js';

/** @type {Set<() => void>} */
const lookers = new Set();
const told = () => lookers.forEach((f) => f());
addEventListener('popstate', told);

/** @param {string} path of the page @param {{replace?: boolean}} [how] */
export function go(path, how = {}) {
  const url = urlOf(path);
  if (how.replace) history.replaceState(null, '', url);
  else history.pushState(null, '', url);
  told();
}

/** @returns {import('./route.js').Place & {path: string, query: URLSearchParams}} */
export function useRoute() {
  const [, set] = useState(0);
  useEffect(() => {
    const f = () => set((n) => n + 1);
    lookers.add(f);
    return () => void lookers.delete(f);
  }, []);
  const path = pathOf(location.pathname);
  return { ...match(path), path, query: new URLSearchParams(location.search) };
}

/** Change what the query says, in place: filters are part of the address.
 * @param {Record<string, string | null | undefined>} changes */
export function setQuery(changes) {
  const query = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries(changes)) {
    if (value) query.set(key, value);
    else query.delete(key);
  }
  const text = query.toString();
  go(pathOf(location.pathname) + (text ? `?${text}` : ''), { replace: true });
}

/** Links of the page are followed without asking the server for it again. @param {MouseEvent} e */
export function follow(e) {
  if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
  const a = /** @type {Element} */ (e.target).closest?.('a');
  if (!a || a.target || a.origin !== location.origin || a.hasAttribute('download')) return;
  if (!a.pathname.startsWith(urlOf('/')) || a.pathname.startsWith(urlOf('/api/'))) return;
  if (a.hash && a.pathname === location.pathname && a.search === location.search) return;
  if (/^(metrics|healthz|readyz)/.test(pathOf(a.pathname).slice(1))) return;
  e.preventDefault();
  if (a.href === location.href) return;
  history.pushState(null, '', a.href);
  told();
  scrollTo(0, 0);
}
