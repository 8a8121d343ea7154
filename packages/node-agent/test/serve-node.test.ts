import {
  type BusStream,
  Channel,
  decode,
  encode,
  type IncomingCall,
  type NodeRequest,
  type NodeResponse,
} from '@regatta/bus';
import { beforeAll, describe, expect, it } from 'vitest';
import { serveNode } from '../src/server/serve-node.ts';
import { TestContainers } from './support/test-container.ts';
import { TestNode } from './support/test-node.ts';

interface Answer {
  response?: NodeResponse;
  failed?: string;
  readonly frames: Buffer[];
}

const LOGS = { op: 'logs', previous: false, follow: false, timestamps: false } as const;
const EXEC = { op: 'exec', stdin: false, stdout: true, stderr: true, tty: false } as const;
const NEVER = new AbortController().signal;

beforeAll(async () => {
  const warm = await new TestContainers().start('busybox', { command: ['sh', '-c', 'echo warm | cat'] });
  await warm.exit();
});

/** A node with one Pod, and a way to ask it as an apiserver would. */
async function setUp(image = 'nginx') {
  const node = await new TestNode().start();
  if (!node.agent) throw new Error('the node did not start');
  let handler: (call: IncomingCall) => void = () => {};
  const bus = {
    serve: (_service: string, serve: (call: IncomingCall) => void) => {
      handler = serve;
      return { stop: async () => {} };
    },
  };
  serveNode({ bus: bus as never, agent: node.agent, clock: node.clock, signal: NEVER });
  const pod = await node.createPod({ metadata: { name: 'web' }, spec: { containers: [{ name: 'main', image }] } });
  const ask = async (request: Partial<NodeRequest>, caller = 'system:apiserver'): Promise<Answer> => {
    const answer: Answer = { frames: [] };
    let done = false;
    const stream: BusStream = {
      frames: (async function* () {})(),
      write: async (frame) => void answer.frames.push(Buffer.from(frame)),
      end: async () => {
        done = true;
      },
      abort: () => {},
      signal: NEVER,
    };
    const whole = { namespace: 'default', pod: 'web', uid: pod.metadata.uid, container: 'main', ...request };
    handler({
      subject: '',
      caller,
      request: encode(whole),
      reply: async () => {},
      fail: async (message) => {
        answer.failed = message;
        done = true;
      },
      accept: async (response) => {
        answer.response = decode(response) as NodeResponse;
        return stream;
      },
    });
    await node.until(() => done, 'an answer');
    return answer;
  };
  return { node, ask };
}

describe('what a node answers apiservers', () => {
  it('NA-65: logs of a container, and why there are none', async () => {
    const { node, ask } = await setUp();
    await node.until(async () => (await node.pod('web'))?.status?.containerStatuses !== undefined, 'a status');
    expect((await ask(LOGS)).response).toEqual({
      ok: false,
      code: 400,
      message: 'container "main" in pod "web" is waiting to start: ContainerCreating',
    });
    await node.phase('web', 'Running');
    expect(Buffer.concat((await ask({ ...LOGS, tailLines: 1 })).frames).toString()).toContain(
      'start worker process 30\n',
    );
    expect((await ask({ ...LOGS, previous: true })).response).toMatchObject({
      message: 'previous terminated container "main" in pod "web" not found',
    });
    expect((await ask({ ...LOGS, container: 'x' })).response).toMatchObject({
      code: 404,
      message: 'container "x" not found in pod "web"',
    });
    expect((await ask({ ...LOGS, uid: 'other' })).response).toMatchObject({
      code: 404,
      message: 'pod "web" does not exist',
    });
    node.cutPower();
  });

  it('NA-66: commands, their output by channel and a Status at the end', async () => {
    const { node, ask } = await setUp();
    await node.phase('web', 'Running');
    const { frames } = await ask({ ...EXEC, command: ['sh', '-c', 'echo out; echo err >&2; exit 4'] });
    expect(frames.slice(0, -1).map(String)).toEqual(['\x01out\n', '\x02err\n']);
    const status = frames.at(-1);
    expect(status?.[0]).toBe(Channel.error);
    expect(JSON.parse(String(status?.subarray(1)))).toEqual({
      metadata: {},
      status: 'Failure',
      message:
        'command terminated with non-zero exit code: error executing command [sh -c echo out; echo err >&2; exit 4], exit code 4',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '4' }] },
    });
    const missing = await ask({ ...EXEC, command: ['nonesuch'] });
    expect(String(missing.frames[0])).toContain(
      'Internal error occurred: error executing command in container: failed to exec',
    );
    node.cutPower();
  });

  it('NA-67: a container that does not run can not be entered', async () => {
    const { node, ask } = await setUp('nginx:nonesuch');
    await node.until(async () => (await node.pod('web'))?.status?.containerStatuses !== undefined, 'a status');
    expect((await ask({ ...EXEC, command: ['ls'] })).response).toEqual({
      ok: false,
      code: 500,
      message: 'container not found ("main")',
    });
    const attached = await ask({ ...EXEC, op: 'attach' });
    expect(attached.response).toMatchObject({ message: 'container main not found in pod web_default' });
    node.cutPower();
  });

  it('NA-68: only apiservers may look into Pods', async () => {
    const { node, ask } = await setUp();
    await node.phase('web', 'Running');
    expect((await ask({ ...EXEC, command: ['ls'] }, 'system:kube-scheduler')).failed).toBe(
      'only apiservers may ask this',
    );
    expect((await ask({ ...EXEC, command: ['ls'] }, 'system:node:node-2')).failed).toBe('not a connection');
    node.cutPower();
  });
});
