// SPDX-License-Identifier: Apache-2.0
// fixture_server.mjs -- serves ui/web as the program does, and the documents of documents.mjs.
//
//     node fixture_server.mjs [--base /data/smelt/] [--port N]       prints its address
//
// It checks what a server must be able to rely on: the page sends its CSRF token and asks for nothing
// outside of its base path.  What is asked of it is written down in `asked`.

import { createServer } from 'node:http';
import { readFileSync, existsSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as made from './documents.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const source = process.env.SM_SOURCE ?? path.join(here, '../../..');
const web = path.join(source, 'ui/web');
const modules = path.join(source, 'build/deps/web/node_modules');
const types = { '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.html': 'text/html; charset=utf-8' };
const csp = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/** Rows of assets.txt: wire path, file, specifier. */
const vendor = readFileSync(path.join(web, 'assets.txt'), 'utf8').split('\n').filter((l) => l && !l.startsWith('#')).map((l) => l.split(/ +/));

function rewrite(text, wire) {
  const up = path.posix.dirname(wire);
  return text.replace(/(from\s*|import\s*\(?\s*)(['"])([^'"./][^'"]*)\2/g, (all, word, quote, name) => {
    const row = vendor.find((v) => v[2] === name);
    if (!row) return all;
    const to = path.posix.relative(up, row[0]);
    return `${word}${quote}${to.startsWith('.') ? to : `./${to}`}${quote}`;
  });
}

function asset(wire) {
  const row = vendor.find((v) => v[0] === wire);
  const file = row ? path.join(modules, row[1]) : path.join(web, wire);
  if (!row && (wire.includes('..') || !existsSync(file))) return null;
  const text = readFileSync(file, 'utf8');
  return wire.endsWith('.js') ? rewrite(text, wire) : text;
}

/** @returns {Promise<{url: string, asked: object[], events: (e: object) => void, set: (o: object) => void, close: () => void}>} */
export function serve({ base = '/', port = 0, role = 'admin' } = {}) {
  const site = made.site();
  const asked = [];
  const streams = new Set();
  const how = { role, signedIn: true, broken: new Map(), delay: 0 };
  let ticket = 0;

  const send = (req, res, status, type, body, more = {}) => {
    const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 24)}"`;
    const head = { 'Content-Type': type, 'Content-Security-Policy': csp, 'X-Content-Type-Options': 'nosniff', ...more };
    if (status === 200) head.ETag = etag;
    if (status === 200 && req.headers['if-none-match'] === etag) {
      res.writeHead(304, head);
      res.end();
      return;
    }
    const packed = body.length > 500 && /gzip/.test(req.headers['accept-encoding'] ?? '');
    res.writeHead(status, packed ? { ...head, 'Content-Encoding': 'gzip' } : head);
    res.end(packed ? gzipSync(body) : body);
  };
  const json = (req, res, doc, status = 200) => send(req, res, status, 'application/json', JSON.stringify(doc), { 'Cache-Control': 'no-cache' });
  const fail = (req, res, status, code, message, hint = '') => json(req, res, { error: { code, message, hint } }, status);

  function document(words, query) {
    const [what, name, part, sub, more] = words;
    if (what === 'overview') return site.overview;
    if (what === 'events') {
      const list = Object.entries(site.pipelines).flatMap(([n, p]) => (p.events ?? []).map((e) => ({ ...e, pipeline: n })));
      return { events: query.get('pipeline') ? list.filter((e) => e.pipeline === query.get('pipeline')) : list, last: 999 };
    }
    if (what === 'tokens') return { tokens: made.tokens };
    if (what === 'audit') return { audit: made.audit };
    if (what === 'settings') return { listen: '127.0.0.1:8480', auth: 'token', public_read: false, allow_preview: false, base_path: base, reload: 'signal', version: '0.1.0' };
    if (what === 'tickets') return { state: 'completed', run: 113, exit_code: 0, warnings: false };
    const p = what === 'pipelines' ? site.pipelines[name] : undefined;
    if (!p) return null;
    if (part === undefined) return p.document;
    if (part === 'runs' && sub === undefined) return { runs: p.runs.slice(0, Number(query.get('limit') ?? 50)) };
    if (part === 'runs' && more === 'events') return { events: p.events ?? [], last: 999 };
    if (part === 'runs') {
      const run = p.runs.find((r) => String(r.number) === sub);
      return run && { ...run, pipeline: name, flows: run === p.runs[0] ? p.flows : p.flows.map((f) => ({ ...f, expectations: (f.expectations ?? []).map((e) => ({ ...e, failed: Math.round(e.failed * 0.8) })) })) };
    }
    if (part === 'grid') return p.grid;
    if (part === 'quality') return p.quality;
    if (part === 'streaming') return { batches: p.batches ?? [], advice: p.advice ?? [] };
    if (part === 'checkpoints') return sub === undefined ? made.checkpoints(p) : made.checkpoint(p, sub);
    if (part === 'quarantine') return sub === undefined ? { quarantines: p.quarantines ?? [] } : p.quarantines?.some((q) => q.table === sub) ? made.aside(query.get('rule')) : null;
    if (part === 'datasets') return more === 'history' ? made.history() : more === 'preview' ? made.preview() : made.dataset(p, sub);
    return null;
  }

  function change(req, res, words, body) {
    asked.push({ method: req.method, path: words.join('/'), body });
    if (words[0] === 'login') {
      if (body.code !== 'letmein' && body.token !== 'smelt_t0ken') return fail(req, res, 401, 'unauthorized', 'the code is not valid, or was used already', 'restart `smelt serve`, or run `smelt token create`');
      how.signedIn = true;
      return json(req, res, { role: how.role });
    }
    if (req.headers['x-smelt-csrf'] !== 'c5rf') return fail(req, res, 403, 'csrf', 'the CSRF token is missing');
    if (words[0] === 'logout') how.signedIn = false;
    if (words[0] === 'tokens' && req.method === 'POST') return json(req, res, { id: 'tk_new', token: 'smelt_5d6b0c8e2f' }, 201);
    if (words[2] === 'runs' || words[2] === 'retry') return json(req, res, { ticket: ++ticket }, 202);
    if (words.at(-1) === 'replay') return json(req, res, { replayed: 12 });
    if (words.at(-1) === 'discard') return json(req, res, { discarded: 42 });
    return json(req, res, {});
  }

  const server = createServer((req, res) => {
    const url = new URL(req.url, 'http://localhost');
    if (!url.pathname.startsWith(base)) return fail(req, res, 404, 'not_found', `outside of ${base}`);
    const words = url.pathname.slice(base.length).split('/').filter(Boolean).map(decodeURIComponent);
    if (words[0] === 'assets') {
      const text = asset(words.slice(1).join('/'));
      return text === null ? fail(req, res, 404, 'not_found', 'there is no such file') : send(req, res, 200, types[path.extname(url.pathname)], text, { 'Cache-Control': 'no-cache' });
    }
    if (words[0] === 'metrics') return send(req, res, 200, 'text/plain', 'smelt_up 1\n');
    if (words[0] !== 'api') {
      return send(req, res, 200, types['.html'], readFileSync(path.join(web, 'index.html'), 'utf8').replaceAll('{{base}}', base), { 'Cache-Control': 'no-cache' });
    }
    words.splice(0, 2);
    const broken = how.broken.get(words.join('/'));
    if (broken) return fail(req, res, broken.status, broken.code ?? 'broken', broken.message, broken.hint);
    if (words[0] === 'me') return how.signedIn ? json(req, res, { role: how.role, csrf: 'c5rf', token: 'tk_7f31', auth: 'token', rows: how.role !== 'viewer', version: '0.1.0' }) : fail(req, res, 401, 'unauthorized', 'sign in first');
    if (words[0] === 'openapi.json') return json(req, res, { openapi: '3.1.0' });
    if (!how.signedIn && words[0] !== 'login') return fail(req, res, 401, 'unauthorized', 'sign in first');
    if (words[0] === 'stream') {
      res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
      res.write(': here\n\n');
      streams.add(res);
      asked.push({ method: 'GET', path: 'stream', last: req.headers['last-event-id'] });
      return res.on('close', () => streams.delete(res));
    }
    if (req.method !== 'GET') {
      let text = '';
      req.on('data', (d) => (text += d));
      return req.on('end', () => change(req, res, words, text ? JSON.parse(text) : {}));
    }
    asked.push({ method: 'GET', path: words.join('/') + url.search });
    const doc = document(words, url.searchParams);
    return doc ? json(req, res, doc) : fail(req, res, 404, 'not_found', `there is no ${words.join('/')}`);
  });

  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => {
    resolve({
      url: `http://127.0.0.1:${server.address().port}${base}`, asked, site, how,
      events: (e) => { for (const s of streams) s.write(`id: 1-${e.id}\nevent: ${e.type}\ndata: ${JSON.stringify(e)}\n\n`); },
      dropStreams: () => { for (const s of streams) s.destroy(); },
      close: () => { for (const s of streams) s.destroy(); server.closeAllConnections(); server.close(); },
    });
  }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const option = (name) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined);
  const s = await serve({ base: option('--base') ?? '/', port: Number(option('--port') ?? 0) });
  console.log(s.url);
}
