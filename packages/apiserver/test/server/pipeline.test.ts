import { FakeClock, type LogFields, type Logger, seededRandom, silentLogger } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { ANONYMOUS, type Authorizer, type UserInfo } from '../../src/auth/mod.ts';
import { FlowControl } from '../../src/flowcontrol/flow-control.ts';
import type { FixedResponse, RequestHeaders, ServerRequest } from '../../src/server/exchange.ts';
import { type CallHandler, Pipeline } from '../../src/server/pipeline.ts';
import { RequestMetrics } from '../../src/server/request-metrics.ts';
import { textResponse } from '../../src/server/status-response.ts';

const alice: UserInfo = { name: 'alice', groups: ['system:authenticated'] };
const allowAll: Authorizer = { authorize: () => ({ verdict: 'allow', reason: '' }) };
const denyAll: Authorizer = { authorize: () => ({ verdict: 'no-opinion', reason: '' }) };

interface Setting {
  readonly user?: UserInfo | undefined;
  readonly authorizer?: Authorizer;
  readonly handler?: CallHandler;
  readonly flow?: FlowControl;
  readonly logger?: Logger;
}

function pipelineOf(setting: Setting): Pipeline {
  const user = 'user' in setting ? setting.user : alice;
  return new Pipeline({
    authenticator: { authenticate: () => user },
    authorizer: setting.authorizer ?? allowAll,
    handler: setting.handler ?? (() => textResponse(200, 'ok')),
    clock: new FakeClock(),
    random: seededRandom(1),
    logger: setting.logger ?? silentLogger,
    metrics: new RequestMetrics(),
    ...(setting.flow ? { flow: setting.flow } : {}),
  });
}

function request(
  method: string,
  url: string,
  headers: RequestHeaders = {},
  certificateRejected = false,
): ServerRequest {
  const { signal } = new AbortController();
  return {
    method,
    url,
    headers,
    credentials: {},
    certificateRejected,
    remoteAddress: '',
    body: () => new Uint8Array(0),
    isGone: () => false,
    signal,
  };
}

async function ask(
  setting: Setting,
  asked: ServerRequest,
): Promise<{ code: number; headers: FixedResponse['headers']; text: string }> {
  const response = (await pipelineOf(setting).handle(asked)) as FixedResponse;
  return { code: response.code, headers: response.headers, text: Buffer.concat(response.body).toString() };
}

describe('SRV-3: who asks', () => {
  it('is 401 for credentials that are not valid', async () => {
    const { code, text } = await ask({ user: undefined }, request('GET', '/api/v1/pods'));
    expect(code).toBe(401);
    expect(JSON.parse(text)).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'Unauthorized',
      reason: 'Unauthorized',
      code: 401,
    });
  });

  it('is 401 for a certificate that nobody trusts, and anonymous without one', async () => {
    expect((await ask({ user: ANONYMOUS }, request('GET', '/version', {}, true))).code).toBe(401);
    expect((await ask({ user: ANONYMOUS }, request('GET', '/version'))).code).toBe(200);
  });
});

describe('SRV-4: what they may do', () => {
  const messages: [url: string, message: string][] = [
    [
      '/api/v1/namespaces/default/pods',
      'pods is forbidden: User "alice" cannot list resource "pods" in API group "" in the namespace "default"',
    ],
    [
      '/apis/apps/v1/namespaces/x/deployments/d/scale',
      'deployments.apps "d" is forbidden: User "alice" cannot get resource "deployments/scale" in API group "apps" in the namespace "x"',
    ],
    [
      '/api/v1/nodes',
      'nodes is forbidden: User "alice" cannot list resource "nodes" in API group "" at the cluster scope',
    ],
    ['/metrics', 'forbidden: User "alice" cannot get path "/metrics"'],
  ];
  it.each(messages)('%s', async (url, message) => {
    const { code, text } = await ask({ authorizer: denyAll }, request('GET', url));
    expect(code).toBe(403);
    expect(JSON.parse(text)).toMatchObject({ message, reason: 'Forbidden' });
  });

  it('lets those act as others who may impersonate them', async () => {
    const seen: UserInfo[] = [];
    const handler: CallHandler = (call) => {
      seen.push(call.user);
      return textResponse(200, 'ok');
    };
    const headers = { 'impersonate-user': 'bob', 'impersonate-group': 'devs, ops' };
    await ask({ handler }, request('GET', '/version', headers));
    expect(seen).toEqual([{ name: 'bob', groups: ['devs', 'ops', 'system:authenticated'] }]);
    const refused = await ask({ authorizer: denyAll }, request('GET', '/version', headers));
    expect(JSON.parse(refused.text)).toMatchObject({
      message: 'forbidden: User "alice" cannot impersonate-on:user-info:get path "/version"',
    });
  });

  it('refuses groups without a user', async () => {
    const { code, text } = await ask({}, request('GET', '/version', { 'impersonate-group': 'x' }));
    expect(code).toBe(400);
    expect(JSON.parse(text)).toMatchObject({
      message:
        'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"x"}, Extra:map[string][]string(nil)} without impersonating a user name',
    });
  });
});

describe('SRV-5: limits and defects', () => {
  it('gives every place back', async () => {
    const flow = new FlowControl(new FakeClock());
    const failing: CallHandler = () => Promise.reject(new Error('broken'));
    await ask({ flow, handler: failing }, request('POST', '/api/v1/namespaces/x/pods'));
    await ask({ flow }, request('GET', '/api/v1/pods'));
    expect([flow.underWay.readOnly, flow.underWay.mutating, flow.underWay.longRunning]).toEqual([0, 0, 0]);
  });

  it('turns a defect into a 500 Status and a log line', async () => {
    const lines: [string, LogFields | undefined][] = [];
    const logger: Logger = { ...silentLogger, error: (message, fields) => void lines.push([message, fields]) };
    const handler: CallHandler = () => {
      throw new Error('broken');
    };
    const { code, text } = await ask({ handler, logger }, request('GET', '/api/v1/pods?x=1'));
    expect(code).toBe(500);
    expect(JSON.parse(text)).toMatchObject({ reason: 'InternalError', message: 'Internal error occurred: broken' });
    expect(lines).toMatchObject([['request failed', { method: 'GET', path: '/api/v1/pods' }]]);
  });

  it('marks every answer', async () => {
    const { headers } = await ask({}, request('GET', '/version'));
    expect(headers).toMatchObject({ 'cache-control': 'no-cache, private' });
    expect(headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/);
    const echoed = await ask({}, request('GET', '/version', { 'audit-id': 'mine' }));
    expect(echoed.headers['audit-id']).toBe('mine');
  });

  it('sends warnings once each, in a form that a header can carry', async () => {
    const handler: CallHandler = (call) => {
      call.warnings.push('unknown field "a"', 'unknown field "a"', 'line\nbreak é');
      return textResponse(200, 'ok');
    };
    const { headers } = await ask({ handler }, request('GET', '/version'));
    expect(headers.warning).toEqual(['299 - "unknown field \\"a\\""', '299 - "line break ?"']);
  });
});
