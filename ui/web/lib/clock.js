// SPDX-License-Identifier: Apache-2.0
// clock.js -- one tick for all relative times of the page; a hidden tab does not tick.

import { useEffect, useState } from 'preact/hooks';

/** @type {Set<() => void>} */
const lookers = new Set();
let timer = 0;

function tick() {
  if (document.hidden) return;
  for (const f of lookers) f();
}

/** Now in ms, again every `everyMs` at best 1 s. @param {number} [everyMs] */
export function useNow(everyMs = 10_000) {
  const [now, set] = useState(Date.now());
  useEffect(() => {
    let last = Date.now();
    const f = () => {
      const t = Date.now();
      if (t - last < everyMs - 500) return;
      last = t;
      set(t);
    };
    lookers.add(f);
    if (timer === 0) timer = window.setInterval(tick, 1000);
    return () => {
      lookers.delete(f);
      if (lookers.size > 0) return;
      clearInterval(timer);
      timer = 0;
    };
  }, [everyMs]);
  return now;
}
