import { afterAll, beforeAll, expect, it } from 'vitest';
import { prepareNamespace, type RunningServer, runServer } from '../running-server.ts';

const DEPLOYMENTS = '/apis/apps/v1/namespaces/s/deployments';

let running: RunningServer;
beforeAll(async () => {
  running = await runServer();
  await prepareNamespace(running, 's');
  const labels = { app: 'd' };
  const spec = {
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'x' }] } },
  };
  const answer = await running.request('POST', DEPLOYMENTS, { body: { metadata: { name: 'd' }, spec } });
  expect(answer.code, answer.text).toBe(201);
});
afterAll(() => running.stop());

it('KIND-72: a Scale is checked as an object of its own', async () => {
  const metadata = { name: 'd', namespace: 's', labels: { 'a b': 'c' } };
  const body = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata, spec: { replicas: -1 } };
  const refusal = await running.json('PUT', `${DEPLOYMENTS}/d/scale`, { body });
  expect(refusal).toMatchObject({
    code: 422,
    details: {
      group: 'autoscaling',
      kind: 'Scale',
      causes: [{ field: 'metadata.labels' }, { field: 'spec.replicas' }],
    },
  });
  const fine = { ...body, metadata: { name: 'd' }, spec: { replicas: 2 } };
  expect(await running.json('PUT', `${DEPLOYMENTS}/d/scale`, { body: fine })).toMatchObject({ spec: { replicas: 2 } });
});
