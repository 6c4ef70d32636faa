// SPDX-License-Identifier: Apache-2.0
// command.js -- the command line that does the same as a button.  Pure.

/** A word of a shell. @param {string} text */
export const quote = (text) => (/^[\w./:=@,%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** @param {(string | false | null | undefined)[]} words */
const line = (words) => ['smelt', ...words.filter((w) => typeof w === 'string' && w !== '')].join(' ');

/** @param {string} pipeline */
const of = (pipeline) => ['-p', quote(pipeline)];

export const command = {
  /** @param {string} pipeline @param {{select?: string, full_refresh?: string, keep_downstream?: boolean, with_quarantine?: boolean}} [o] */
  run: (pipeline, o = {}) =>
    line([
      'run',
      quote(pipeline),
      ...(o.select ? ['--select', quote(o.select)] : []),
      ...(o.full_refresh ? ['--full-refresh', quote(o.full_refresh)] : []),
      o.keep_downstream && '--keep-downstream',
      o.with_quarantine && '--with-quarantine',
    ]),
  /** @param {'stop' | 'pause' | 'resume'} verb @param {string} pipeline */
  verb: (verb, pipeline) => line([verb, quote(pipeline)]),
  /** @param {string} pipeline @param {boolean} failed */
  retry: (pipeline, failed) => line(['retry', quote(pipeline), !failed && '--all']),
  /** @param {'show' | 'replay' | 'discard'} verb @param {string} pipeline @param {string} table @param {{rule?: string, row?: string}} [o] */
  quarantine: (verb, pipeline, table, o = {}) =>
    line([
      'quarantine',
      verb,
      quote(table),
      ...(o.rule ? ['--rule', quote(o.rule)] : []),
      ...(o.row ? ['--row', quote(o.row)] : []),
      ...of(pipeline),
    ]),
  /** @param {'list' | 'show' | 'reset' | 'adopt'} verb @param {string} pipeline @param {string} [flow] */
  checkpoint: (verb, pipeline, flow) => line(['checkpoint', verb, ...(flow ? [quote(flow)] : []), ...of(pipeline)]),
  /** @param {string} pipeline @param {string} table */
  preview: (pipeline, table) => line(['preview', quote(table), ...of(pipeline)]),
  /** @param {string} pipeline @param {Record<string, string | number | undefined>} filter */
  events: (pipeline, filter) =>
    line([
      'events',
      ...['level', 'table', 'run'].flatMap((k) => (filter[k] ? [`--${k}`, quote(String(filter[k]))] : [])),
      ...of(pipeline),
    ]),
  reload: () => line(['reload']),
  token: (/** @type {string[]} */ ...words) => line(['token', ...words.map(quote)]),
};
