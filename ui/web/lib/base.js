// SPDX-License-Identifier: Apache-2.0
// base.js -- where the page lives.  Behind a proxy that is below a path; the document says which.

const said = document.documentElement.dataset.base ?? '/';

/** The base path with a slash at both ends. */
export const base = said.startsWith('/') ? said.replace(/\/*$/, '/') : '/';

/** @param {string} path of the page, "/p/demo" @returns {string} what an href needs */
export const urlOf = (path) => base + path.replace(/^\/+/, '');

/** @param {string} path of the API, "overview" */
export const apiOf = (path) => `${base}api/v1/${path}`;

/** The page's own path out of location.pathname. */
export const pathOf = (/** @type {string} */ pathname) =>
  pathname.startsWith(base) ? `/${pathname.slice(base.length)}` : pathname;
