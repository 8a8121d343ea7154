import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareNamespace, type RunningServer, runServer } from '../running-server.ts';

const PODS = '/api/v1/namespaces/r/pods';
const type = 'application/strategic-merge-patch+json';

let running: RunningServer;
beforeAll(async () => {
  running = await runServer();
  await prepareNamespace(running, 'r');
});
afterAll(() => running.stop());

type Amounts = Readonly<Record<string, string>>;

function container(name: string, requests: Amounts, limits: Amounts = {}): object {
  return { name, image: 'nginx', resources: { requests, limits } };
}

async function create(name: string, ...containers: object[]): Promise<void> {
  const answer = await running.request('POST', PODS, { body: { metadata: { name }, spec: { containers } } });
  expect(answer.code, answer.text).toBe(201);
}

function resize(name: string, spec: object): Promise<Record<string, unknown>> {
  return running.json('PATCH', `${PODS}/${name}/resize`, { body: { spec }, type });
}

describe('pods/resize', () => {
  it('NA-121: changes requests and limits of containers, counts the generation, and nothing else', async () => {
    await create('burst', container('c', { cpu: '20m' }), container('d', { memory: '35Mi' }));
    const after = await resize('burst', {
      priority: 7,
      containers: [
        { name: 'c', image: 'other', resources: { requests: { cpu: '2000m' }, limits: { cpu: '3' } } },
        { name: 'd', resources: { requests: { cpu: '1m' } } },
      ],
    });
    expect(after).toMatchObject({
      metadata: { generation: 2 },
      spec: {
        containers: [
          { name: 'c', image: 'nginx', resources: { requests: { cpu: '2' }, limits: { cpu: '3' } } },
          { name: 'd', resources: { requests: { cpu: '1m', memory: '35Mi' } } },
        ],
      },
    });
    const { spec } = await running.json('GET', `${PODS}/burst/resize`);
    const replaced = await running.json('PUT', `${PODS}/burst/resize`, { body: { ...after, spec } });
    expect(replaced).toEqual(after);
    expect(await running.json('GET', `${PODS}/burst`)).toEqual(after);
  });

  it.each([
    [
      'a change of the quality of service',
      [container('c', {})],
      { containers: [{ name: 'c', resources: { requests: { memory: '35Mi' } } }] },
      'spec: Invalid value: "BestEffort": Pod QOS Class may not change as a result of resizing',
    ],
    [
      'limits that go',
      [container('c', { cpu: '20m' }, { cpu: '30m' })],
      { containers: [{ name: 'c', resources: { limits: { cpu: null } } }] },
      'spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed',
    ],
    [
      'requests that go',
      [container('c', { cpu: '20m', memory: '35Mi' })],
      { containers: [{ name: 'c', resources: { requests: { cpu: null } } }] },
      'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
    ],
    [
      'another order',
      [container('a', { cpu: '20m' }), container('b', { cpu: '20m' })],
      { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }], containers: [] },
      'spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize, spec.containers[1].name: Forbidden: containers may not be renamed or reordered on resize',
    ],
    [
      'other resources',
      [container('c', { cpu: '20m', 'ephemeral-storage': '1' })],
      { containers: [{ name: 'c', resources: { requests: { 'ephemeral-storage': '3' } } }] },
      'spec: Forbidden: only cpu and memory resources are mutable',
    ],
    [
      'a container more',
      [container('c', { cpu: '20m' })],
      { containers: [container('d', { cpu: '20m' })] },
      'spec.containers: Forbidden: containers may not be added or removed on resize',
    ],
  ])('NA-122: refuses %s', async (what, containers, patch, message) => {
    const name = what.replaceAll(' ', '-');
    await create(name, ...containers);
    const refusal = await resize(name, patch);
    expect(refusal).toMatchObject({ code: 422, reason: 'Invalid' });
    expect(refusal['message']).toContain(message);
  });
});
