// SPDX-License-Identifier: Apache-2.0
// route.js -- the paths of the page, as a table.  Pure.

/** @typedef {{name: string, params: Record<string, string>}} Place */

const tabs = ['graph', 'list', 'runs', 'quality', 'streaming', 'state'];

/** @type {[string, string][]} pattern, name; the first that fits wins */
const table = [
  ['/', 'overview'],
  ['/events', 'events'],
  ['/settings', 'settings'],
  ['/login', 'login'],
  ['/p/:pipeline', 'pipeline'],
  ['/p/:pipeline/r/:run', 'run'],
  ['/p/:pipeline/t/:table', 'table'],
  ['/p/:pipeline/t/:table/quarantine', 'quarantine'],
  ['/p/:pipeline/:tab', 'pipeline'],
];

/** @param {string} pattern @param {string[]} words @returns {Record<string, string> | null} */
function fit(pattern, words) {
  const parts = pattern.split('/').filter(Boolean);
  if (parts.length !== words.length) return null;
  /** @type {Record<string, string>} */
  const params = {};
  for (const [i, part] of parts.entries()) {
    if (part.startsWith(':')) params[part.slice(1)] = words[i];
    else if (part !== words[i]) return null;
  }
  return params;
}

/** @param {string} word */
function decode(word) {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}

/** @param {string} path @returns {Place} name "missing" when no page has that path */
export function match(path) {
  const words = path.split('/').filter(Boolean).map(decode);
  for (const [pattern, name] of table) {
    const params = fit(pattern, words);
    if (params === null) continue;
    if (name === 'pipeline') {
      params.tab ??= 'graph';
      if (!tabs.includes(params.tab)) continue;
    }
    return { name, params };
  }
  return { name: 'missing', params: {} };
}

const word = encodeURIComponent;

/** Paths of pages, from what they show. */
export const to = {
  overview: () => '/',
  events: (/** @type {string} */ query = '') => `/events${query}`,
  settings: () => '/settings',
  login: () => '/login',
  /** @param {string} pipeline @param {string} [tab] */
  pipeline: (pipeline, tab) => `/p/${word(pipeline)}${tab ? `/${tab}` : ''}`,
  /** @param {string} pipeline @param {number | string} run */
  run: (pipeline, run) => `/p/${word(pipeline)}/r/${run}`,
  /** @param {string} pipeline @param {string} table */
  table: (pipeline, table) => `/p/${word(pipeline)}/t/${word(table)}`,
  /** @param {string} pipeline @param {string} table */
  quarantine: (pipeline, table) => `/p/${word(pipeline)}/t/${word(table)}/quarantine`,
};

/** Paths of the API below api/v1. */
export const doc = {
  /** @param {string} pipeline @param {string} [rest] */
  of: (pipeline, rest = '') => `pipelines/${word(pipeline)}${rest ? `/${rest}` : ''}`,
  /** @param {string} pipeline @param {string} dataset @param {string} [rest] */
  dataset: (pipeline, dataset, rest = '') =>
    `pipelines/${word(pipeline)}/datasets/${word(dataset)}${rest ? `/${rest}` : ''}`,
  /** @param {string} pipeline @param {string} table */
  quarantine: (pipeline, table) => `pipelines/${word(pipeline)}/quarantine/${word(table)}`,
};

export { tabs };

/** Documents of rows, and their counts: each look opens an engine, and looks at rows are written down.  They are
 * fetched once, and after an act; no event makes them stale. @param {string} path below api/v1 */
export const opensEngine = (path) =>
  /^pipelines\/[^/]+\/(datasets\/[^/]+\/preview|quarantine(\/[^/]+)?)(\?|$)/.test(path);
