import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { FakeClock } from '@regatta/runtime';
import { afterEach, expect, it } from 'vitest';
import { newCluster, nextNode } from '../src/cluster-file.ts';
import { layoutOf } from '../src/layout.ts';
import { Supervisor } from '../src/supervisor/supervisor.ts';

const WORKS = "process.send({ state: 'ready' }); process.on('disconnect', () => process.exit());";
const REFUSED = 'the node is not registered yet: StatusError: webhook "m.example.com" refuses';
/** node-1 registers; the API refuses any other. */
const MACHINE = `
  if (process.argv.includes('node-1')) process.send({ state: 'ready' });
  else console.log(JSON.stringify({ level: 'warn', message: 'the node is not registered yet', error: 'StatusError: webhook "m.example.com" refuses' }));
  process.on('disconnect', () => process.exit());`;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'regatta-supervisor-'));
const clock = new FakeClock();
let supervisor: Supervisor | undefined;

function makeSupervisor(): Supervisor {
  const programs = path.join(folder, 'programs');
  fs.mkdirSync(programs);
  for (const name of ['broker', 'apiserver', 'controller-manager', 'scheduler'])
    fs.writeFileSync(path.join(programs, `${name}.mjs`), WORKS);
  fs.writeFileSync(path.join(programs, 'node-agent.mjs'), MACHINE);
  let cluster = newCluster('regatta', 6443, 'unknown');
  for (let i = 0; i < 2; i++) cluster = { ...cluster, nodes: [...cluster.nodes, nextNode(cluster)] };
  return new Supervisor({
    layout: layoutOf(folder),
    cluster,
    programs,
    busPort: 4222,
    clock,
    onChange: () => {},
    onStop: () => {},
    forgetNode: async () => {},
  });
}

afterEach(() => {
  supervisor?.killAll();
  fs.rmSync(folder, { recursive: true, force: true });
});

it('CLI-23: a machine that the API refuses does not keep the cluster from working', async () => {
  supervisor = makeSupervisor();
  let late: readonly { spec: { name: string }; hindrance: string | undefined }[] | undefined;
  const started = supervisor.start().then((machines) => {
    late = machines;
  });
  const states = (): string[] => (supervisor?.status.processes ?? []).map(({ state }) => state);
  await expect.poll(states).toEqual(['running', 'running', 'running', 'running', 'running', 'starting']);
  await expect.poll(() => fs.readFileSync(layoutOf(folder).log('node-2'), 'utf8')).toContain('refuses');
  await clock.advance(24_999);
  expect(late).toBeUndefined();
  await clock.advance(1);
  await started;
  expect(late?.map(({ spec, hindrance }) => [spec.name, hindrance])).toEqual([['node-2', REFUSED]]);
});
