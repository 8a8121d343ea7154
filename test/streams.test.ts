/** Into Pods and out of them with stock kubectl, by WebSockets and by the SPDY of older clients. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { freePort } from '@regatta/cli';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, execute, kubectlPath, type Output, TestCluster } from './support/cluster.ts';

/** kubectl's own switches back to what it spoke before. */
const OLDER = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' };
const WAYS = [
  ['WebSockets', {}],
  ['SPDY', OLDER],
] as const;
const BIG = 5_000_000;
/** Megabytes by which a process may grow while somebody does not read what is written without end. */
const GROWTH = 60;

describe('streams', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'regatta-streams-'));
  const children: ChildProcess[] = [];
  let cluster: TestCluster;

  beforeAll(async () => {
    fs.writeFileSync(path.join(folder, 'big'), randomBytes(BIG));
    cluster = await TestCluster.start({ nodes: 2, speed: 100 });
    await Promise.all([
      cluster.kubectl('run', 'web', '--image=nginx', '--expose', '--port=80'),
      cluster.kubectl('run', 'box', '--image=busybox', '--', 'sh', '-c', 'echo started; while true; do sleep 60; done'),
    ]);
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/web', 'pod/box');
  });

  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await cluster?.dispose();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  /** A kubectl that runs on; what it says on stderr and stdout is in `text`. */
  function start(args: readonly string[], env: Readonly<Record<string, string>> = {}, reads = true) {
    const child = spawn(kubectlPath, ['--kubeconfig', cluster.kubeconfig, ...args], {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    children.push(child);
    const running = {
      child,
      text: '',
      exit: new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? -1))),
    };
    const add = (chunk: Buffer): void => {
      running.text += chunk.toString();
    };
    child.stderr.on('data', add);
    if (reads) child.stdout.on('data', add);
    return running;
  }

  function get(port: number, url = '/'): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      http
        .get({ port, host: '127.0.0.1', path: url, agent: false }, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => resolve(Buffer.concat(chunks)));
          response.on('error', reject);
        })
        .on('error', reject);
    });
  }

  it.each(WAYS)(
    'E2E-80: exec by %s: bytes both ways, output apart, exit codes, and what cannot be run',
    async (_name, env) => {
      const run = (args: readonly string[], input?: string): Promise<Output> =>
        execute(
          'env',
          [
            ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
            kubectlPath,
            '--kubeconfig',
            cluster.kubeconfig,
            ...args,
          ],
          input,
        );
      expect(await run(['exec', 'box', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7'])).toEqual({
        code: 7,
        stdout: 'out\n',
        stderr: 'err\ncommand terminated with exit code 7\n',
      });
      const lines = Array.from({ length: 50_000 }, (_, i) => `line ${i}\n`).join('');
      expect((await run(['exec', '-i', 'box', '--', 'cat'], lines)).stdout).toBe(lines);
      const missing = await run(['exec', 'box', '--', 'nonesuch']);
      expect([missing.code, missing.stderr]).toEqual([
        1,
        expect.stringContaining('executable file not found in $PATH'),
      ]);
      expect((await run(['exec', 'nope', '--', 'ls'])).stderr).toBe(
        'Error from server (NotFound): pods "nope" not found\n',
      );
    },
  );

  it('E2E-81: cp both ways, files of megabytes and folders', async () => {
    await cluster.kubectl('cp', path.join(folder, 'big'), 'web:/usr/share/nginx/html/big');
    await cluster.kubectl('cp', 'web:/usr/share/nginx/html', path.join(folder, 'html'));
    const copied = fs.readFileSync(path.join(folder, 'html', 'big'));
    expect(copied.equals(fs.readFileSync(path.join(folder, 'big')))).toBe(true);
    expect(fs.readFileSync(path.join(folder, 'html', 'index.html'), 'utf8')).toContain('Welcome to nginx!');
  });

  it.each(WAYS)(
    'E2E-82: port-forward by %s: many connections at once, megabytes, and a port where nobody listens',
    async (_name, env) => {
      const [port, closed] = [await freePort(), await freePort()];
      const forward = start(['port-forward', 'service/web', `${port}:80`], env);
      await eventually('the port is open', async () => forward.text.includes('Forwarding from 127.0.0.1'));
      const pages = await Promise.all(Array.from({ length: 20 }, () => get(port)));
      expect(new Set(pages.map((page) => page.includes('Welcome to nginx!')))).toEqual(new Set([true]));
      const [one, other] = await Promise.all([get(port, '/big'), get(port, '/big')]);
      expect([one.length, one.equals(other)]).toEqual([BIG, true]);
      forward.child.kill();
      const refused = start(['port-forward', 'pod/web', `${closed}:81`], env);
      await eventually('the port is open', async () => refused.text.includes('Forwarding from 127.0.0.1'));
      await get(closed).catch(() => {});
      expect(await refused.exit).toBe(1);
      expect(refused.text).toContain('127.0.0.1:81: connect: connection refused');
      expect(refused.text).toContain('error: lost connection to pod');
    },
  );

  it('E2E-83: kubectl proxy in front of Pods, Services and nodes', async () => {
    const port = await freePort();
    const proxy = start(['proxy', `--port=${port}`]);
    await eventually('the proxy serves', async () => proxy.text.includes('Starting to serve'));
    const base = '/api/v1/namespaces/default';
    for (const name of ['pods/web', 'services/web', 'services/http:web:80', 'pods/web:80'])
      expect(String(await get(port, `${base}/${name}/proxy/`))).toContain('Welcome to nginx!');
    expect((await get(port, `${base}/pods/web/proxy/big`)).length).toBe(BIG);
    expect(JSON.parse(String(await get(port, `${base}/services/web:81/proxy/`))).message).toBe(
      'no service port 81 found for service "web"',
    );
    expect(String(await get(port, '/api/v1/nodes/node-1/proxy/healthz'))).toBe('ok');
    proxy.child.kill();
  });

  /** Resident megabytes of every process of the cluster, by pid. */
  function memory(): Map<number, number> {
    const root = cluster.pid ?? 0;
    const found = new Map<number, number>();
    for (const name of fs.readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const status = fs.readFileSync(`/proc/${name}/status`, 'utf8');
        if (Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]) !== root) continue;
        found.set(Number(name), Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024);
      } catch {
        // It has ended meanwhile.
      }
    }
    return found;
  }

  it.each(WAYS)(
    'E2E-84: who does not read what is written without end (%s) costs little memory and holds nobody up',
    async (_name, env) => {
      const flood = 'while true; do echo 0123456789012345678901234567890123456789012345678901234567890123456789; done';
      const before = memory();
      const stopped = [1, 2, 3].map(() => start(['exec', 'box', '--', 'sh', '-c', flood], env, false));
      await eventually('output has come', async () =>
        stopped.every(({ child }) => (child.stdout?.readableLength ?? 0) > 0),
      );
      // Meanwhile others read, write and wait their turn as ever.
      for (let i = 0; i < 5; i++) expect(await cluster.kubectl('exec', 'box', '--', 'echo', 'hi')).toBe('hi');
      expect(await cluster.kubectl('logs', 'box')).toBe('started');
      const grown = [...memory()].map(([pid, now]) => now - (before.get(pid) ?? now));
      expect(Math.max(...grown)).toBeLessThan(GROWTH);
      for (const { child } of stopped) child.kill('SIGKILL');
    },
  );

  it('E2E-85: a node that is lost ends every stream into it with a word and an exit code', async () => {
    const node = await cluster.kubectl('get', 'pod', 'box', '-o', 'jsonpath={.spec.nodeName}');
    const port = await freePort();
    const sleep = ['exec', 'box', '--', 'sleep', '100000'];
    const streams = [
      start(['logs', '-f', 'box']),
      start(sleep),
      start(sleep, OLDER),
      start(['port-forward', 'pod/box', `${port}:80`]),
    ];
    await eventually(
      'all run',
      async () => streams[0]?.text.includes('started') && streams[3]?.text.includes('Forwarding'),
    );
    await eventually(
      'both commands run',
      async () => ((await cluster.kubectl('exec', 'box', '--', 'ps')).match(/sleep 100000/g)?.length ?? 0) >= 2,
    );
    await cluster.regatta('node', 'kill', node);
    expect(await Promise.all(streams.map(({ exit }) => exit))).toEqual([1, 1, 1, 1]);
    expect(streams[0]?.text).toContain('unable to read more of the log: the node is lost');
    for (const exec of streams.slice(1, 3)) expect(exec.text).toContain('the connection to the node is lost');
    expect(streams[3]?.text).toContain('error: lost connection to pod');
    expect((await cluster.tryKubectl('exec', 'box', '--', 'true')).stderr).toMatch(
      /dial tcp \S+:10250: connect: connection refused/,
    );
  });
});
