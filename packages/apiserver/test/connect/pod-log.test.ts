import { type Pod, StatusError } from '@regatta/api';
import { BusError } from '@regatta/bus';
import { beforeEach, describe, expect, it } from 'vitest';
import { podLog } from '../../src/connect/pod-log.ts';
import { StreamPlaces } from '../../src/connect/stream-places.ts';
import type { ApiCall } from '../../src/server/api-call.ts';
import { isStream, type ServerResponse } from '../../src/server/exchange.ts';
import { requestInfo } from '../../src/server/request-info.ts';
import { testEnvironment } from './environment.ts';
import { FakeNode } from './fake-node.ts';

const POD: Pod = {
  metadata: { name: 'web', namespace: 'shop', uid: 'u-1' },
  spec: { nodeName: 'node-1', containers: [{ name: 'nginx' }] },
  status: { hostIP: '192.168.49.2' },
};

function call(query: string, signal: AbortSignal): ApiCall {
  const url = `/api/v1/namespaces/shop/pods/web/log${query}`;
  const request = {
    method: 'GET',
    url,
    headers: {},
    credentials: {},
    certificateRejected: false,
    remoteAddress: '',
    body: () => new Uint8Array(0),
    isGone: () => false,
    signal,
  };
  return { request, info: requestInfo('GET', url), user: { name: 'ann', groups: [] }, warnings: [] };
}

async function text(response: ServerResponse): Promise<string> {
  if (!isStream(response)) return Buffer.concat(response.body).toString();
  const chunks: Uint8Array[] = [];
  await response.stream({
    write: (bytes) => chunks.push(bytes) > 0,
    drained: async () => {},
    signal: new AbortController().signal,
  });
  return Buffer.concat(chunks).toString();
}

describe('pods/log', () => {
  let node: FakeNode;
  let pod: Pod;
  let places: StreamPlaces;

  beforeEach(() => {
    node = new FakeNode();
    pod = POD;
    places = new StreamPlaces();
  });

  function log(query = '', signal = new AbortController().signal): Promise<ServerResponse> {
    const env = testEnvironment(node, () => ({ pods: [pod], places }));
    return podLog(env, call(query, signal));
  }

  async function refusal(query = ''): Promise<StatusError> {
    const error = await log(query).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(StatusError);
    return error as StatusError;
  }

  it('CN-12: the log of a Pod whose Node is not there is 404, and names the Node', async () => {
    pod = { ...POD, spec: { ...POD.spec, nodeName: 'gone' } };
    expect((await refusal()).status).toMatchObject({ code: 404, message: 'pods "gone" not found' });
  });

  it('CN-1: passes the node frames on as they are and asks it for what the query says', async () => {
    node.serve = (stream) => {
      stream.toApi.push(Buffer.from('one\n'));
      stream.toApi.push(Buffer.from('two\n'));
      stream.toApi.end();
    };
    const response = await log('?tailLines=2&timestamps=true&sinceSeconds=5&limitBytes=100&previous=true&follow=true');
    expect(response.headers).toEqual({ 'content-type': 'text/plain' });
    expect(await text(response)).toBe('one\ntwo\n');
    expect(node.requests).toEqual([
      {
        service: 'node.node-1',
        request: {
          op: 'logs',
          namespace: 'shop',
          pod: 'web',
          uid: 'u-1',
          container: 'nginx',
          previous: true,
          follow: true,
          timestamps: true,
          tailLines: 2,
          limitBytes: 100,
          sinceSeconds: 5,
        },
      },
    ]);
  });

  it('CN-2: a Pod that is bound to no node has an empty log', async () => {
    pod = { ...POD, spec: { containers: POD.spec.containers } };
    expect(await text(await log())).toBe('');
    expect(node.requests).toEqual([]);
  });

  it('CN-3: the container must be named when there are several', async () => {
    pod = {
      ...POD,
      spec: { ...POD.spec, containers: [{ name: 'a' }, { name: 'b' }], initContainers: [{ name: 'i' }] },
    };
    expect((await refusal()).status).toMatchObject({
      code: 400,
      reason: 'BadRequest',
      message:
        'a container name must be specified for pod web, choose one of: [a b] or one of the init containers: [i]',
    });
    expect((await refusal('?container=x')).message).toBe('container x is not valid for pod web');
  });

  it('CN-4: a refusal of the node is the answer', async () => {
    node.response = {
      ok: false,
      code: 400,
      message: 'container "nginx" in pod "web" is waiting to start: ContainerCreating',
    };
    expect((await refusal()).status).toMatchObject({ code: 400, reason: 'BadRequest', message: node.response.message });
  });

  it('CN-5: a node that is not there is told as an HTTP client would', async () => {
    node.response = 'nobody';
    expect(await refusal()).toMatchObject({
      code: 500,
      message:
        'Get "https://192.168.49.2:10250/containerLogs/shop/web/nginx": dial tcp 192.168.49.2:10250: connect: connection refused',
    });
  });

  it('CN-6: options that make no sense are invalid', async () => {
    expect((await refusal('?tailLines=-1&limitBytes=0')).status).toMatchObject({
      code: 422,
      message:
        'PodLogOptions "web" is invalid: [tailLines: Invalid value: -1: must be greater than or equal to 0, limitBytes: Invalid value: 0: must be greater than 0]',
    });
  });

  it('CN-17: one stream of a log can be chosen; with tailLines only both', async () => {
    await log('?stream=Stderr');
    await log('?stream=All&tailLines=1');
    expect(node.requests.map(({ request }) => ('stream' in request ? request.stream : 'both'))).toEqual([
      'stderr',
      'both',
    ]);
    expect((await refusal('?stream=Foo')).status).toMatchObject({
      code: 422,
      message:
        'PodLogOptions "web" is invalid: stream: Unsupported value: "Foo": supported values: "All", "Stderr", "Stdout"',
    });
    expect((await refusal('?stream=Stdout&tailLines=1')).message).toContain(
      '`tailLines` and specific `stream` are mutually exclusive for now',
    );
  });

  it('CN-18: a log that breaks off says so in its last line, and ends as a broken answer', async () => {
    node.serve = (stream) => {
      stream.toApi.push(Buffer.from('one\n'));
      stream.breaks(new BusError('disconnected', 'the other side is gone'));
    };
    const response = await log('?follow=true');
    const chunks: Uint8Array[] = [];
    const read = isStream(response)
      ? response.stream({
          write: (bytes) => chunks.push(bytes) > 0,
          drained: async () => {},
          signal: new AbortController().signal,
        })
      : undefined;
    await expect(read).rejects.toMatchObject({ code: 'disconnected' });
    expect(Buffer.concat(chunks).toString()).toBe(
      'one\nunable to read more of the log: the node is lost: the other side is gone\n',
    );
  });

  it('CN-48: a followed log holds a place, and gives it back when its reader is gone', async () => {
    const gone = new AbortController();
    places = new StreamPlaces(1, 1);
    await log('?follow=true', gone.signal);
    expect((await refusal('?follow=true')).code).toBe(429);
    await log();
    gone.abort();
    await log('?follow=true');
  });
});
