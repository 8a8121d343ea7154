/** What the README tells people to type works. */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, execute, kubectlPath, regatta, root, TestCluster } from './support/cluster.ts';

const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8');
const lines = [...readme.matchAll(/^```\n([\s\S]*?)^```/gm)].flatMap((block) => (block[1] ?? '').split('\n'));

describe('README', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await TestCluster.start({ speed: 40 });
  });
  afterAll(() => cluster.dispose());

  it('DOC-1: every regatta command in it exists', async () => {
    const commands = lines.flatMap((line) => [...line.matchAll(/npx regatta ([a-z]+)(?: ([a-z|]+))?/g)]);
    expect(commands.length).toBeGreaterThan(8);
    for (const [whole, command = '', verbs = ''] of commands) {
      const nested = ['node', 'component', 'link', 'snapshot'].includes(command) ? verbs.split('|') : [''];
      for (const verb of nested) {
        const { code, stdout } = await regatta([command, ...(verb ? [verb] : []), '--help']);
        expect(code, whole).toBe(0);
        expect(stdout, whole).toContain(`Usage: regatta ${command}${verb ? ` ${verb}` : ''}`);
      }
    }
  });

  it('DOC-2: its links lead to files', () => {
    for (const [, target = ''] of readme.matchAll(/\]\((?!https?:)([^)#]+)/g))
      expect(fs.existsSync(path.join(root, target)), target).toBe(true);
  });

  it('DOC-3: its story works as it is written', async () => {
    for (const line of [
      'kubectl apply -f examples/web.yaml',
      'kubectl get pods -o wide',
      'npx regatta node kill node-2',
      'npx regatta node start node-2',
    ]) {
      expect(lines).toContain(line);
    }
    await cluster.kubectl('apply', '-f', path.join(root, 'examples/web.yaml'));
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
    await cluster.regatta('node', 'kill', 'node-2');
    await eventually(
      'its Pod shows Unknown',
      async () => /web-\S+\s+\S+\s+Unknown/.test(await cluster.kubectl('get', 'pods', '-o', 'wide')),
      60_000,
    );
    await eventually(
      'three others run',
      async () => ((await cluster.kubectl('get', 'pods')).match(/1\/1\s+Running/g) ?? []).length === 3,
      60_000,
    );
    await cluster.regatta('node', 'start', 'node-2');
    await eventually(
      'nothing stale is left',
      async () => !(await cluster.kubectl('get', 'nodes,pods')).match(/Unknown|NotReady/),
      60_000,
    );
  });

  it('DOC-5: what it shows of a shell is what the shell shows', async () => {
    const shown = /^\$ kubectl exec -it box -- sh\n([\s\S]*?)^```/m.exec(readme)?.[1] ?? '';
    const commands = [...shown.matchAll(/^\/ # (.*)$/gm)].map(([, command]) => command ?? '');
    const output = shown.replaceAll(/^\/ # .*\n/gm, '');
    expect(commands.length).toBeGreaterThan(3);
    await cluster.kubectl('apply', '-f', path.join(root, 'examples/web.yaml'));
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
    await cluster.kubectl('run', 'box', '--image=busybox', '--command', '--', 'sleep', 'infinity');
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/box', '--timeout=60s');
    const exec = ['--kubeconfig', cluster.kubeconfig, 'exec', '-i', 'box', '--', 'sh'];
    const { stdout } = await execute(kubectlPath, exec, `${commands.join('\n')}\n`);
    // A terminal shows a tab as the spaces up to the next stop.
    expect(stdout.replaceAll(/^([^\t\n]{0,7})\t/gm, (_, before: string) => before.padEnd(8))).toBe(output);
  });
});
