// SPDX-License-Identifier: Apache-2.0
// html.js -- markup: htm makes Preact elements of template literals; text is always text.

import htm from 'htm';
import { Fragment, h } from 'preact';

/** @typedef {import('preact').ComponentChildren} Children */

/** @type {(strings: TemplateStringsArray, ...values: any[]) => any} */
export const html = htm.bind(/** @type {any} */ (h));
export { Fragment };

/** Names of classes, those that are there. @param {(string | false | null | undefined)[]} names */
export const cx = (...names) => names.filter(Boolean).join(' ');
