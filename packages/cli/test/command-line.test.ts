/** What people type, read strictly: what makes no sense is a sentence and exit code 2, and nothing is done. */
import os from 'node:os';
import path from 'node:path';
import { SystemClock } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { runCli } from '../src/mod.ts';

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const dataDir = path.join(os.tmpdir(), 'regatta-none', 'nowhere');
  const io = {
    print: (line = '') => void out.push(line),
    warn: (line: string) => void err.push(line),
    env: {},
    cwd: '/',
    style: (_kind: string, text: string) => text,
  };
  const options = { io, clock: new SystemClock(), programs: '/', version: '1' };
  const code = await runCli(['--data-dir', dataDir, ...args], options);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

describe('faults on the command line', () => {
  it.each([
    [['node', 'freeze', 'node-1', '--for', '30'], 'It takes a duration above 0: 500ms, 30s, 5m, 1h.'],
    [['node', 'freeze', 'node-1', '--for', '0s'], 'It takes a duration above 0: 500ms, 30s, 5m, 1h.'],
    [['node', 'freeze', 'node-1', '--for', '25h'], 'A fault lasts at most 24h.'],
    [['node', 'partition', 'node-1', '--direction', 'up'], 'Allowed choices are both, in, out.'],
    [['node', 'partition', 'node-1', '--from', 'a,,b'], 'It takes names, separated by commas.'],
    [['link', 'loss', 'a', 'b', '0.3'], 'It takes a share above 0%, at most 100%: 30%.'],
    [['link', 'loss', 'a', 'b', '101%'], 'It takes a share above 0%, at most 100%: 30%.'],
    [['link', 'duplicate', 'a', 'b', '0%'], 'It takes a share above 0%, at most 100%: 30%.'],
    [['link', 'bandwidth', 'a', 'b', '10'], 'It takes bytes a second: 500B, 10KiB, 1MiB.'],
    [['link', 'bandwidth', 'a', 'b', '0.1B'], 'It takes bytes a second: 500B, 10KiB, 1MiB.'],
    [['link', 'delay', 'a', 'b', 'long'], 'It takes a duration above 0: 500ms, 30s, 5m, 1h.'],
    [['link', 'delay', 'a', 'b', '1s', '--jitter', '-1s'], 'It takes a duration above 0: 500ms, 30s, 5m, 1h.'],
    [['link', 'cut', 'a'], "error: missing required argument 'b'"],
    [['heal'], 'regatta: Say which: `regatta heal <id>` (`regatta faults` lists them), or `regatta heal --all`.'],
    [['heal', 'a', '--all'], 'regatta: Say which: '],
    [['link', 'slow', 'a', 'b'], "error: unknown command 'slow'"],
    [['component', 'reboot', 'scheduler'], "error: unknown command 'reboot'"],
  ])('CLI-20: %j is a sentence and exit code 2', async (args, sentence) => {
    const { code, err } = await run(...args);
    expect(err).toContain(sentence);
    expect(code).toBe(2);
  });

  it.each([
    ['node', ['kill', 'start', 'reboot', 'freeze', 'thaw', 'partition', 'heal', 'add', 'rm']],
    ['component', ['kill', 'start', 'freeze', 'thaw']],
    ['link', ['delay', 'loss', 'duplicate', 'bandwidth', 'cut']],
  ])('CLI-21: the help of each verb of `%s` ends with an example that is its own', async (group, verbs) => {
    for (const verb of verbs) {
      const { code, out } = await run(group, verb, '--help');
      expect(out).toMatch(new RegExp(`\\nExamples?:\\n  \\$ regatta ${group} ${verb} ?`));
      expect(code).toBe(0);
    }
  });

  it('CLI-21: what a fault lasts unless told is in its help', async () => {
    for (const args of [
      ['node', 'freeze'],
      ['node', 'partition'],
      ['component', 'freeze'],
      ['link', 'cut'],
    ])
      expect((await run(...args, '--help')).out).toContain('(default: 1m)');
  });

  it.each([
    ['nodes'],
    ['status'],
    ['faults'],
    ['heal', '--all'],
    ['node', 'freeze', 'node-1'],
    ['link', 'cut', 'a', 'b'],
  ])('CLI-6: %s without a cluster says how to get one', async (...args) => {
    const { code, err } = await run(...args);
    expect(err).toMatch(
      /^regatta: No cluster runs on .*\. Start one with `regatta up -d`, or name its folder with --data-dir or its kubeconfig with --kubeconfig\.$/,
    );
    expect(code).toBe(1);
  });

  it('CLI-22: a kubeconfig that is not there is a sentence', async () => {
    const { code, err } = await run('--kubeconfig', 'no/such', 'nodes');
    expect(err).toBe(
      'regatta: There is no kubeconfig at /no/such. Start the cluster with `regatta up -d`, or name another one with --kubeconfig.',
    );
    expect(code).toBe(1);
  });
});
