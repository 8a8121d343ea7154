#!/usr/bin/env node
// Runs the scripts of cases.txt in real shells and writes what they print to <shell>.json. To be run by hand where
// dash, bash and busybox are installed; the tests use only what was written.
//   node record.mjs /path/to/busybox
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const busybox = process.argv[2] ?? 'busybox';
const here = path.dirname(new URL(import.meta.url).pathname);
const applets = fs.mkdtempSync(path.join(os.tmpdir(), 'applets-'));
for (const name of execFileSync(busybox, ['--list']).toString().trim().split('\n'))
  fs.symlinkSync(busybox, path.join(applets, name));
const debian = fs.mkdtempSync(path.join(os.tmpdir(), 'debian-'));
fs.symlinkSync('/bin/dash', path.join(debian, 'sh'));
const SHELLS = {
  ash: {
    file: path.join(applets, 'sh'),
    name: 'sh',
    path: applets,
    version: execFileSync(busybox).toString().split('\n')[0],
  },
  dash: { file: '/bin/dash', name: 'sh', path: `${debian}:/usr/bin:/bin`, version: 'dash 0.5.12-2 (Debian 12)' },
  bash: {
    file: '/bin/bash',
    name: 'bash',
    path: `${debian}:/usr/bin:/bin`,
    version: execFileSync('/bin/bash', ['--version']).toString().split('\n')[0],
  },
};
const text = fs.readFileSync(path.join(here, 'cases.txt'), 'utf8');
const cases = text
  .split(/^### /m)
  .slice(1)
  .map((part) => {
    const [title, ...lines] = part.replace(/\n$/, '').split('\n');
    const shells = /^# shells: (.*)$/.exec(lines[0])?.[1].split(' ');
    return { title, shells: shells ?? Object.keys(SHELLS), script: lines.slice(shells ? 1 : 0).join('\n') };
  });
for (const [shell, { file, name, path: PATH, version }] of Object.entries(SHELLS)) {
  const recorded = [];
  for (const { title, shells, script } of cases) {
    if (!shells.includes(shell)) continue;
    const cwd = fs.mkdtempSync(path.join(os.tmpdir(), 'case-'));
    const result = spawnSync(file, ['-c', script], {
      argv0: name,
      cwd,
      env: { PATH, HOME: '/root', LC_ALL: 'C.UTF-8' },
      timeout: 20_000,
      input: '',
    });
    recorded.push({
      title,
      script,
      out: result.stdout.toString(),
      err: result.stderr.toString().replaceAll(cwd, '/tmp/case'),
      code: result.status ?? `signal ${result.signal}`,
    });
    fs.rmSync(cwd, { recursive: true });
  }
  fs.writeFileSync(path.join(here, `${shell}.json`), `${JSON.stringify({ version, cases: recorded }, undefined, 1)}\n`);
}
