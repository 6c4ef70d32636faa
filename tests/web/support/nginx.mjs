// SPDX-License-Identifier: Apache-2.0
// nginx.mjs -- nginx before the server, below a path, as docs/guide/serve.md says.

import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';

const freePort = () => new Promise((resolve) => {
  const s = createServer().listen(0, '127.0.0.1', () => {
    const { port } = s.address();
    s.close(() => resolve(port));
  });
});

/** @param {string} port of the server @param {string} base @returns {Promise<string>} the address outside */
export async function before(port, base) {
  const dir = path.resolve('nginx');
  const mine = await freePort();
  mkdirSync(dir, { recursive: true });
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((t) => `${t}_temp_path ${dir}/${t};`).join(' ');
  writeFileSync(`${dir}/nginx.conf`, `daemon off; pid ${dir}/pid; error_log ${dir}/error.log;
events {}
http {
  access_log ${dir}/access.log; ${temp}
  server {
    listen 127.0.0.1:${mine};
    location ${base}/ {
      proxy_pass http://127.0.0.1:${port};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_buffering off;
      proxy_read_timeout 1h;
    }
  }
}
`);
  const child = spawn('nginx', ['-p', dir, '-c', `${dir}/nginx.conf`, '-e', `${dir}/error.log`], { stdio: 'ignore' });
  child.unref();
  process.on('exit', () => child.kill('SIGTERM'));
  for (let i = 0; i < 200; i++) {
    const answers = await fetch(`http://127.0.0.1:${mine}/`).then(() => true, () => false);
    if (answers) return `http://127.0.0.1:${mine}${base}/`;
    await new Promise((r) => setTimeout(r, 50));
  }
  throw new Error('nginx does not answer');
}
