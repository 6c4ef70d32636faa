// SPDX-License-Identifier: Apache-2.0
// theme.js -- light, dark, or as the system says; remembered in this browser.

import { useEffect, useState } from 'preact/hooks';

/** @typedef {'system' | 'light' | 'dark'} Theme */

const KEY = 'smelt-theme';
/** @type {Theme[]} */
export const themes = ['system', 'light', 'dark'];
/** @type {Set<() => void>} */
const lookers = new Set();

/** @returns {Theme} */
function stored() {
  try {
    const t = localStorage.getItem(KEY);
    return t === 'light' || t === 'dark' ? t : 'system';
  } catch {
    return 'system';
  }
}

let theme = stored();

function apply() {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
apply();

/** @param {Theme} t */
export function setTheme(t) {
  theme = t;
  try {
    localStorage.setItem(KEY, t);
  } catch {
    // a browser that keeps nothing keeps no theme
  }
  apply();
  for (const f of lookers) f();
}

/** The one after this one. */
export const nextTheme = () => setTheme(themes[(themes.indexOf(theme) + 1) % themes.length]);

/** @returns {Theme} */
export function useTheme() {
  const [, set] = useState(0);
  useEffect(() => {
    const f = () => set((n) => n + 1);
    lookers.add(f);
    const media = matchMedia('(prefers-color-scheme: dark)');
    media.addEventListener('change', f);
    return () => {
      lookers.delete(f);
      media.removeEventListener('change', f);
    };
  }, []);
  return theme;
}

const probe = document.createElement('span');
probe.hidden = true;
document.documentElement.append(probe);

/** The value of a colour token in this theme, for what is painted on a canvas. @param {string} name "--ink" */
export function token(name) {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}
