import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const src = fileURLToPath(new URL('../src', import.meta.url));
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'regatta-process-'));
const program = path.join(folder, 'supervised.mjs');

/** Says so, listens for its supervisor's end (late: once that has come), and stays. */
const PROGRAM = `
  import { endWithSupervisor } from './process.ts';
  setInterval(() => {}, 1000);
  const listen = () => endWithSupervisor({ warn() {} });
  if (process.argv[2] === 'early') listen();
  else process.once('disconnect', () => setImmediate(listen));
  if (process.argv[2] === 'by-hand') { listen(); process.stdout.write('goes on'); }
  process.send?.('here');
`;

beforeAll(() => {
  const stdin = { contents: PROGRAM, resolveDir: src, loader: 'js' } as const;
  buildSync({ stdin, bundle: true, platform: 'node', format: 'esm', outfile: program });
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

describe('a process of a supervisor', () => {
  it.each(['early', 'late'])(
    'RUN-6: ends with its supervisor, also when that died before it listened (%s)',
    async (moment) => {
      const child = spawn(process.execPath, [program, moment], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
      await new Promise((resolve) => child.once('message', resolve));
      const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
      child.disconnect();
      const tooLong = setTimeout(() => child.kill('SIGKILL'), 10_000);
      expect(await ended).toBe('SIGTERM');
      clearTimeout(tooLong);
    },
  );

  it('RUN-6: one that was started without a supervisor goes on', async () => {
    const child = spawn(process.execPath, [program, 'by-hand'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const said = await new Promise((resolve) =>
      child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())),
    );
    expect(said).toBe('goes on');
    child.kill('SIGKILL');
  });
});
