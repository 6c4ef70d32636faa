// SPDX-License-Identifier: Apache-2.0
// login_code.js -- what logs in, out of what a link or a person gives.  Pure.

/** The one-time code of "#code=…"; "" without one.  Nothing else of a fragment logs in: a token in a link
 * could be that of whoever made the link, and its reader would work under their name.
 * @param {string} hash */
export function codeOf(hash) {
  if (!hash.startsWith('#code=')) return '';
  try {
    const code = decodeURIComponent(hash.slice(6));
    return code.startsWith('smelt_') ? '' : code;
  } catch {
    return '';
  }
}

/** What a person typed: a token or a code. @param {string} text @returns {{token: string} | {code: string}} */
export const typed = (text) => (text.startsWith('smelt_') ? { token: text } : { code: text });
