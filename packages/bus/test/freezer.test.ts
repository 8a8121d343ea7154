/**
 * Real processes, really stopped and killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { lookAt } from '../src/freezer/other-process.ts';
import {
  askEndpoint,
  type BusConnection,
  credentialsFile,
  FAULT_INJECTOR_USER,
  type FaultAnswer,
  type FaultCommand,
  mintCredentials,
} from '../src/mod.ts';
import { connectAs, startEmbedded, type TestServer, temporaryFolder, until } from './servers.ts';

const NODE = 'system:node:node-1';

describe.runIf(process.platform !== 'win32')('kill and freeze', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let server: TestServer;
  let injector: BusConnection;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    folder = await temporaryFolder();
    const packages = path.join(import.meta.dirname, '..');
    await build({
      entryPoints: {
        freezer: path.join(packages, 'src/freezer-main.ts'),
        endpoint: path.join(packages, 'test/fixtures/endpoint.ts'),
      },
      outdir: folder.dir,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      banner: { js: "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);" },
      logLevel: 'warning',
    });
    server = await startEmbedded(folder.dir, 0);
    injector = await connectAs(folder.dir, server.url, FAULT_INJECTOR_USER);
    await mintCredentials(folder.dir, NODE);
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });
  afterAll(async () => {
    await injector.close();
    await server.stop();
    await folder.remove();
  });

  const program = (name: string): string => path.join(folder.dir, `${name}.mjs`);
  const tell = (command: FaultCommand): Promise<FaultAnswer> => askEndpoint(injector, NODE, command);
  const isStopped = (child: ChildProcess): boolean => lookAt(child.pid ?? 0)?.stopped === true;

  function run(args: readonly string[]): { readonly child: ChildProcess; readonly said: string[]; gone: boolean } {
    const child = spawn(process.execPath, [...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    children.push(child);
    const running = { child, said: [] as string[], gone: false };
    for (const output of [child.stdout, child.stderr])
      output?.on('data', (text: Buffer) => running.said.push(text.toString()));
    child.once('exit', () => (running.gone = true));
    return running;
  }

  async function endpoint() {
    const running = run([program('endpoint'), server.url, credentialsFile(folder.dir, NODE), NODE, program('freezer')]);
    await until(() => running.said.length > 0, 'the endpoint');
    return running;
  }

  it('FLT-30: kill ends the process as SIGKILL does, after it answered', async () => {
    const { child } = await endpoint();
    const gone = once(child, 'exit');
    expect(await tell({ op: 'kill' })).toEqual({ ok: true, faults: [] });
    expect(await gone).toEqual([null, 'SIGKILL']);
    await expect(tell({ op: 'list' })).rejects.toMatchObject({ code: 'no-responders' });
  });

  it('FLT-31: freeze stops the process; its freezer lists, extends and thaws', async () => {
    const { child, said } = await endpoint();
    const fault = { id: 'f', peers: ['*'], direction: 'both', effect: { drop: 1 }, forMs: 60_000 } as const;
    await tell({ op: 'set', fault });
    expect(await tell({ op: 'freeze', forMs: 60_000 })).toMatchObject({ ok: true, frozenForMs: 60_000 });
    await until(() => isStopped(child), 'the stop');
    expect(await tell({ op: 'freeze', forMs: 50_000 })).toMatchObject({ ok: true, faults: [fault] });
    const listed = await tell({ op: 'list' });
    expect(listed).toMatchObject({ ok: true, faults: [fault] });
    const left = listed.ok ? (listed.frozenForMs ?? 0) : 0;
    expect(left).toBeGreaterThan(40_000);
    expect(left).toBeLessThanOrEqual(50_000);
    expect(await tell({ op: 'set', fault })).toMatchObject({ ok: false, code: 'refused' });
    expect(await tell({ op: 'thaw' })).toMatchObject({ ok: true, faults: [fault] });
    await until(() => !isStopped(child), 'the thaw');
    const before = said.length;
    await until(() => said.length > before, 'life');
    expect(await tell({ op: 'list' })).toMatchObject({ ok: true, faults: [fault] });
    expect(await tell({ op: 'list' })).not.toHaveProperty('frozenForMs');
  });

  it('FLT-32: a frozen process goes on by itself when the time is over, and can be frozen again', async () => {
    const { child, said } = await endpoint();
    for (let round = 0; round < 2; round++) {
      await tell({ op: 'freeze', forMs: 300 });
      await until(() => isStopped(child), 'the stop');
      await until(() => !isStopped(child), 'the thaw');
    }
    const before = said.length;
    await until(() => said.length > before, 'life');
    expect(await tell({ op: 'list' })).toEqual({ ok: true, faults: [] });
  });

  it('FLT-33: a frozen process is killed all the same', async () => {
    const { child } = await endpoint();
    await tell({ op: 'freeze', forMs: 60_000 });
    await until(() => isStopped(child), 'the stop');
    const gone = once(child, 'exit');
    expect(await tell({ op: 'kill' })).toMatchObject({ ok: true });
    expect(await gone).toEqual([null, 'SIGKILL']);
  });

  it('FLT-34: whoever is stopped without a freezer on the bus is a timeout, and does not obey later', async () => {
    const { child, said } = await endpoint();
    child.kill('SIGSTOP');
    await until(() => isStopped(child), 'the stop');
    const kill = askEndpoint(injector, NODE, { op: 'kill' }, { timeout: 100 });
    await expect(kill).rejects.toMatchObject({ code: 'timeout' });
    child.kill('SIGCONT');
    const before = said.length;
    expect(await tell({ op: 'list' })).toEqual({ ok: true, faults: [] });
    await until(() => said.length > before, 'life');
  });

  it('FLT-35: the freezer by itself: it stops a sibling, and lets it go on whenever it ends', async () => {
    const { child } = await endpoint();
    const endings: ((freezer: ChildProcess) => void)[] = [
      (freezer) => freezer.stdin?.write('thaw\n'),
      (freezer) => freezer.stdin?.end(),
      (freezer) => freezer.stdin?.write('for 10\n'),
      (freezer) => freezer.kill('SIGTERM'),
      () => child.kill('SIGCONT'),
    ];
    for (const end of endings) {
      const freezer = run([program('freezer'), '--pid', String(child.pid), '--for', '60000', '--stop']);
      await until(() => freezer.said.join('').includes('frozen'), 'the freezer');
      await until(() => isStopped(child), 'the stop');
      end(freezer.child);
      await until(() => !isStopped(child) && freezer.gone, 'the thaw');
      expect(freezer.said.join('')).toContain('thawed: ');
    }
  });

  it('FLT-36: the freezer stops nobody but its parent and its siblings', async () => {
    const { child } = await endpoint();
    const wrapper = `require('child_process').spawn(process.execPath, ${JSON.stringify([
      program('freezer'),
      ...['--pid', String(child.pid), '--for', '1000', '--stop'],
    ])}, { stdio: 'inherit' })`;
    const stranger = run(['-e', wrapper]);
    await until(() => stranger.gone, 'the end of the freezer');
    expect(stranger.said.join('')).toContain('is neither the parent of this freezer nor another child of it');
    expect(isStopped(child)).toBe(false);
  });
});
