import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareNamespace, type RunningServer, runServer } from '../running-server.ts';

const EVENTS = '/apis/events.k8s.io/v1/namespaces/e/events';

let running: RunningServer;
beforeAll(async () => {
  running = await runServer();
  await prepareNamespace(running, 'e');
  for (const name of ['one', 'two']) await running.request('POST', EVENTS, { body: event(name) });
});
afterAll(() => running.stop());

function event(name: string): object {
  return {
    metadata: { name },
    regarding: { namespace: 'e', name },
    eventTime: '2026-01-01T00:00:00.000000Z',
    type: 'Normal',
    action: 'Do',
    reason: 'Test',
    reportingController: `${name}-controller`,
    reportingInstance: 'node',
  };
}

async function selected(path: string, selector: string): Promise<unknown> {
  const list = await running.json('GET', `${path}?fieldSelector=${selector}`);
  const items = list['items'] as { metadata: { name: string } }[] | undefined;
  return items?.map((item) => item.metadata.name) ?? list['message'];
}

describe('SRV-21: field selectors of a version that is not stored', () => {
  it('name fields as that version does', async () => {
    expect(await selected(EVENTS, 'reportingController=one-controller')).toEqual(['one']);
    expect(await selected(EVENTS, 'regarding.name=two,type=Normal')).toEqual(['two']);
    expect(await selected(EVENTS, 'metadata.name!=two')).toEqual(['one']);
  });

  it('do not name them as the stored version does', async () => {
    const refusal = 'field label not supported: involvedObject.name';
    expect(await selected(EVENTS, 'involvedObject.name=one')).toBe(refusal);
    expect(await selected('/api/v1/namespaces/e/events', 'involvedObject.name=one')).toEqual(['one']);
  });
});

describe('SRV-1: what a strict reader has against a body', () => {
  it('tells unknown fields before those that are there twice', async () => {
    const body = '{"metadata":{"name":"c"},"unknownField":"x","data":{"a":"1","a":"2"}}';
    const answer = await running.json('POST', '/api/v1/namespaces/e/configmaps?fieldValidation=Strict', { body });
    expect(answer['message']).toContain(
      'strict decoding error: unknown field "unknownField", duplicate field "data.a"',
    );
  });
});
