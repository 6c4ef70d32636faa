// SPDX-License-Identifier: Apache-2.0
// format.js -- numbers and times as people read them.  Pure: the clock is given.

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** 1,234,567; a dash for what is not known. @param {unknown} n */
export const count = (n) => (isNumber(n) ? whole.format(n) : '–');

/** @param {unknown} n @returns {n is number} */
const isNumber = (n) => typeof n === 'number' && Number.isFinite(n);

/** Three digits and a unit. @param {number} n @param {number} step @param {string[]} units */
function scaled(n, step, units) {
  let i = 0;
  let v = n;
  while (Math.abs(v) >= step * 0.9995 && i < units.length - 1) {
    v /= step;
    i++;
  }
  const digits = i === 0 || Math.abs(v) >= 99.95 ? 0 : Math.abs(v) >= 9.995 ? 1 : 2;
  return `${Number(v.toFixed(digits))}${units[i]}`;
}

/** 950 · 12.3k · 4.56M @param {unknown} n */
export const compact = (n) => (isNumber(n) ? scaled(n, 1000, ['', 'k', 'M', 'G', 'T']) : '–');

/** 512 B · 59.4 kB @param {unknown} n */
export const bytes = (n) => (isNumber(n) ? scaled(n, 1000, [' B', ' kB', ' MB', ' GB', ' TB']) : '–');

/** 12.3k/s @param {unknown} n */
export function rate(n) {
  if (!isNumber(n)) return '–';
  return n > 0 && n < 10 ? `${Number(n.toFixed(1))}/s` : `${compact(n)}/s`;
}

/** 16 ms · 4.9 s · 3 min 20 s · 2 h 5 min · 3 d 4 h @param {unknown} ms */
export function duration(ms) {
  if (!isNumber(ms)) return '–';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${Number((ms / 1000).toFixed(1))} s`;
  const s = Math.round(ms / 1000);
  /** @type {[number, string, number, string][]} */
  const pairs = [
    [60, 'min', 1, 's'],
    [3600, 'h', 60, 'min'],
    [86_400, 'd', 3600, 'h'],
  ];
  const [big, bigName, small, smallName] = pairs[s < 3600 ? 0 : s < 86_400 ? 1 : 2];
  const rest = Math.floor((s % big) / small);
  return `${Math.floor(s / big)} ${bigName}${rest > 0 ? ` ${rest} ${smallName}` : ''}`;
}

/** Seconds of lag. @param {unknown} s */
export const lag = (s) => (isNumber(s) ? duration(Math.max(0, s) * 1000) : '–');

/** 99.99 %, and never 100 % when something is missing. @param {unknown} share 0..1 */
export function percent(share) {
  if (!isNumber(share)) return '–';
  const p = share * 100;
  if (p === 0 || p === 100) return `${p} %`;
  if (p > 99.99) return '> 99.99 %';
  if (p < 0.01) return '< 0.01 %';
  return `${Number(p.toFixed(2))} %`;
}

/** "3 rows", "1 row" @param {number} n @param {string} one @param {string} [many] */
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/** @param {any} l how far a source was ahead */
export const isBehind = (l) => ['rows', 'files', 'versions'].some((key) => l?.[key] > 0);

/** "1,200 rows behind, 3 s" @param {any} l */
export function behind(l) {
  if (!isBehind(l)) return l ? 'nothing left' : '';
  const counts = [
    ['rows', 'row'],
    ['files', 'file'],
    ['versions', 'version'],
  ].flatMap(([key, word]) => (l[key] > 0 ? [plural(l[key], word)] : []));
  return `${[...counts, ...(l.bytes > 0 ? [bytes(l.bytes)] : [])].join(', ')} behind${l.seconds > 0 ? `, ${lag(l.seconds)}` : ''}`;
}

/** "12 s ago", "in 4 min" @param {string | number | null | undefined} at @param {number} now ms */
export function relative(at, now) {
  const t = at == null ? NaN : typeof at === 'number' ? at : Date.parse(at);
  if (Number.isNaN(t)) return '–';
  const d = now - t;
  if (Math.abs(d) < 2000) return 'now';
  const text = coarse(Math.abs(d));
  return d > 0 ? `${text} ago` : `in ${text}`;
}

/** One unit only. @param {number} ms */
function coarse(ms) {
  const s = Math.round(ms / 1000);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.round(s / 60)} min`;
  if (s < 86_400) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86_400)} d`;
}

const pad = (/** @type {number} */ n) => String(n).padStart(2, '0');

/** 09:14:03 of today, else 2026-11-29 09:14, local. @param {string | number | null | undefined} at @param {number} now */
export function clock(at, now) {
  const d = at == null ? new Date(NaN) : new Date(at);
  if (Number.isNaN(d.getTime())) return '–';
  const day = `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}`;
  const time = `${pad(d.getHours())}:${pad(d.getMinutes())}`;
  const n = new Date(now);
  const today = `${n.getFullYear()}-${pad(n.getMonth() + 1)}-${pad(n.getDate())}`;
  return day === today ? `${time}:${pad(d.getSeconds())}` : `${day} ${time}`;
}

/** For the title of a time: UTC to the second. @param {string | number} at */
export function utc(at) {
  const d = new Date(at);
  return Number.isNaN(d.getTime()) ? '' : `${d.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** A value of a row, as text. @param {unknown} value */
export function cell(value) {
  if (value === null || value === undefined) return 'NULL';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** A cell of CSV; what a spreadsheet would take for a formula is prefixed. @param {unknown} value */
export function csvCell(value) {
  if (value === null || value === undefined) return '';
  let text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  if (typeof value === 'string' && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @param {string[]} head @param {unknown[][]} rows */
export const csv = (head, rows) => `${[head, ...rows].map((r) => r.map(csvCell).join(',')).join('\r\n')}\r\n`;
