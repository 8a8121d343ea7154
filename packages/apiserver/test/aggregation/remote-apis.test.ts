import { request as httpsRequest } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import type { APIService, Service } from '@regatta/api';
import { SystemClock } from '@regatta/runtime';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ExtensionClient } from '../../src/aggregation/extension-client.ts';
import type { Remotes } from '../../src/aggregation/mod.ts';
import { UpgradeServer } from '../connect/upgrade-server.ts';
import { type RunningServer, runServer } from '../running-server.ts';
import {
  conditionOf,
  type ExtensionServer,
  extensionServer,
  GROUP,
  NAME,
  register,
  SERVICES,
} from './extension-server.ts';

/** A loaded machine takes its time. */
function eventually(check: () => unknown): Promise<unknown> {
  return vi.waitFor(check, { timeout: 10_000 });
}

const FLUNDERS = `/apis/${GROUP}/v1alpha1/namespaces/default/flunders`;
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

let running: RunningServer;
let extension: ExtensionServer;

beforeAll(async () => {
  running = await runServer();
});
afterAll(() => running.stop());
afterEach(async () => {
  await running.request('DELETE', `${SERVICES}/${NAME}`);
  await running.request('DELETE', '/api/v1/namespaces/wardle/services/sample-api');
  await extension?.stop();
});

async function available(): Promise<void> {
  await eventually(async () =>
    expect(await conditionOf(running)).toEqual({ status: 'True', reason: 'Passed', message: 'all checks passed' }),
  );
}

/** An extension server that answers, and an APIService that trusts it. */
async function serve(options: Parameters<typeof extensionServer>[1] = {}): Promise<void> {
  extension = await extensionServer(running, options);
  await register(running, extension.port, { caBundle: extension.caBundle });
  await available();
}

interface Groups {
  readonly groups: readonly { readonly name: string }[];
}

describe('requests to extension servers', () => {
  it('AGG-6: go on in the name of whoever asks, with the certificate of the front proxy', async () => {
    await serve();
    const body = { kind: 'Flunder' };
    const headers = {
      authorization: 'Bearer x',
      'X-Remote-User': 'somebody',
      'X-Remote-Extra-Scope': 'all',
      'Impersonate-User': 'ann',
      'Impersonate-Group': 'system:masters',
      'Impersonate-Extra-acme.com%2Fteam': 'red',
    };
    const created = await running.request('POST', `${FLUNDERS}?dryRun=All`, { body, headers });
    expect([created.code, JSON.parse(created.text)]).toEqual([201, { kind: 'Flunder', said: 'POST' }]);
    const heard = extension.heard.find(({ method }) => method === 'POST');
    expect(heard).toMatchObject({
      url: `${FLUNDERS}?dryRun=All`,
      body: JSON.stringify(body),
      client: 'front-proxy-client',
    });
    const told = Object.entries(heard?.headers ?? {}).filter(([name]) => /^x-remote|^auth|^imp/.test(name));
    expect(Object.fromEntries(told)).toEqual({
      'x-remote-user': 'ann',
      'x-remote-group': 'system:masters, system:authenticated',
      'x-remote-extra-acme.com%2fteam': 'red',
    });
  });

  it('AGG-6: are refused here when whoever asks may not', async () => {
    await serve();
    const { code } = await running.request('GET', FLUNDERS, { anonymous: true });
    expect(code).toBe(403);
    expect(extension.heard.some(({ url }) => url === FLUNDERS)).toBe(false);
  });

  it('AGG-6: a watch is passed on as it comes, and ends when either side ends', async () => {
    await serve();
    const answer = running.request('GET', `${FLUNDERS}?watch=true`);
    await eventually(() => expect(extension.watches).toBe(1));
    extension.endWatches();
    expect((await answer).text).toBe('{"type":"ADDED"}\n');
    const { admin, ca } = running.server.pki;
    const options = { ca: ca.certificate, cert: admin.certificate, key: admin.key, port: running.server.port };
    const open = httpsRequest({ ...options, host: '127.0.0.1', path: `${FLUNDERS}?watch=true`, agent: false });
    open.on('error', () => {});
    open.end();
    await eventually(() => expect(extension.watches).toBe(1));
    open.destroy();
    await eventually(() => expect(extension.watches).toBe(0));
  });

  it('AGG-7: a server that is not who the caBundle says gets nothing', async () => {
    extension = await extensionServer(running, { hostName: 'other.wardle.svc' });
    await register(running, extension.port, { caBundle: extension.caBundle });
    await available();
    const { code, text } = await running.request('GET', FLUNDERS);
    expect(code).toBe(503);
    expect(text).toMatch(/^error trying to reach service: tls: failed to verify certificate: x509: /);
    expect(extension.heard.some(({ url }) => url === FLUNDERS)).toBe(false);
  });

  it('AGG-7: insecureSkipTLSVerify asks nobody who they are', async () => {
    extension = await extensionServer(running, { hostName: 'other.wardle.svc' });
    await register(running, extension.port, { insecureSkipTLSVerify: true });
    await available();
    expect((await running.request('GET', FLUNDERS)).code).toBe(200);
  });

  it('AGG-8: are answered with 503 while the server is not available', async () => {
    extension = await extensionServer(running);
    extension.breaks(500);
    await register(running, extension.port, { caBundle: extension.caBundle });
    const url = `https://localhost:${extension.port}/apis/${GROUP}/v1alpha1`;
    await eventually(async () =>
      expect(await conditionOf(running)).toEqual({
        status: 'False',
        reason: 'FailedDiscoveryCheck',
        message: `failing or missing response from ${url}: bad status from ${url}: 500`,
      }),
    );
    const refused = await running.request('GET', FLUNDERS);
    expect([refused.code, refused.text]).toEqual([503, 'service unavailable\n']);
    extension.breaks(undefined);
    await available();
    expect((await running.request('GET', FLUNDERS)).code).toBe(200);
  });
});

describe('servers that are none', () => {
  it('AGG-5: one that speaks no TLS fails the discovery check, in the words of Go', async () => {
    const plain = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const { port } = plain.address() as AddressInfo;
    try {
      await register(running, port, { insecureSkipTLSVerify: true });
      const why = 'http: server gave HTTP response to HTTPS client';
      await eventually(async () => expect((await conditionOf(running))?.message).toMatch(new RegExp(`": ${why}$`)));
    } finally {
      plain.close();
    }
  });
});

describe('connections to extension servers that leave HTTP', () => {
  it('AGG-14: go on in the name of whoever asks, and are refused while the server is not available', async () => {
    await serve();
    const service = (await running.json('GET', `${SERVICES}/${NAME}`)) as unknown as APIService;
    const upgrades = await UpgradeServer.start(() => ({}));
    const remotes = (of: APIService): Remotes => ({
      isEmpty: false,
      of: (group) => (group === GROUP ? of : undefined),
      env: {
        service: () =>
          ({ metadata: { name: 'x' }, spec: { type: 'ExternalName', externalName: 'localhost' } }) as Service,
        endpointSlices: () => [],
        reach: undefined,
        client: running.server.pki.frontProxyClient,
        extensions: new ExtensionClient(new SystemClock()),
      },
    });
    try {
      upgrades.remotes = remotes(service);
      const path = `${FLUNDERS}/one/connect`;
      const { socket } = await upgrades.upgrade(path, { upgrade: 'echo', 'x-remote-user': 'bob' });
      const echoed = new Promise((resolve) => socket.once('data', (data: Buffer) => resolve(data.toString())));
      socket.write('hello');
      expect(await echoed).toBe('hello');
      socket.destroy();
      const heard = extension.heard.find(({ method }) => method === 'UPGRADE');
      expect(heard).toMatchObject({ url: path, client: 'front-proxy-client', headers: { 'x-remote-user': 'ann' } });
      expect(upgrades.admitted).toEqual([]);
      upgrades.remotes = remotes({ ...service, status: {} });
      const refused = await upgrades.refusal(path, { upgrade: 'echo' });
      expect([refused.code, JSON.parse(refused.body).message]).toEqual([503, 'service unavailable']);
    } finally {
      upgrades.stop();
    }
  });
});

describe('discovery of extension servers', () => {
  it('AGG-9: groups stand among the others by priority', async () => {
    await serve();
    const { groups } = (await running.json('GET', '/apis')) as unknown as Groups;
    expect(groups.at(-1)).toEqual({
      name: GROUP,
      versions: [{ groupVersion: `${GROUP}/v1alpha1`, version: 'v1alpha1' }],
      preferredVersion: { groupVersion: `${GROUP}/v1alpha1`, version: 'v1alpha1' },
    });
    expect(await running.json('GET', `/apis/${GROUP}`)).toMatchObject({ kind: 'APIGroup', name: GROUP });
    const list = await running.json('GET', `/apis/${GROUP}/v1alpha1`);
    expect(list).toMatchObject({ kind: 'APIResourceList', resources: [{ name: 'flunders' }] });
    await running.request('DELETE', `${SERVICES}/${NAME}`);
    const { groups: left } = (await running.json('GET', '/apis')) as unknown as Groups;
    expect(left.some(({ name }) => name === GROUP)).toBe(false);
  });

  for (const aggregated of [true, false]) {
    it(`AGG-10: aggregated discovery tells what a server serves that ${aggregated ? 'knows' : 'does not know'} it`, async () => {
      await serve({ aggregated });
      const resources = aggregated
        ? [{ resource: 'flunders', scope: 'Namespaced', verbs: ['get'], shortNames: ['fl'] }]
        : [
            {
              resource: 'flunders',
              responseKind: { group: GROUP, version: 'v1alpha1', kind: 'Flunder' },
              scope: 'Namespaced',
              singularResource: 'flunder',
              verbs: ['create', 'get', 'list', 'watch'],
            },
          ];
      const told = async (): Promise<unknown> => {
        const { items } = (await running.json('GET', '/apis', { accept: AGGREGATED })) as unknown as {
          items: readonly { readonly metadata: { readonly name: string }; readonly versions: unknown }[];
        };
        return items.find(({ metadata }) => metadata.name === GROUP)?.versions;
      };
      await eventually(async () =>
        expect(await told()).toEqual([{ version: 'v1alpha1', resources, freshness: 'Current' }]),
      );
      await running.request('DELETE', '/api/v1/namespaces/wardle/services/sample-api');
      await eventually(async () =>
        expect(await told()).toEqual([{ version: 'v1alpha1', resources, freshness: 'Stale' }]),
      );
    });
  }

  it('AGG-11: the OpenAPI document is the one of the server', async () => {
    await serve();
    const key = `apis/${GROUP}/v1alpha1`;
    await eventually(async () => {
      const { paths } = (await running.json('GET', '/openapi/v3')) as { paths: Record<string, unknown> };
      expect(paths[key]).toEqual({ serverRelativeURL: `/openapi/v3/${key}?hash=1` });
    });
    expect(await running.json('GET', `/openapi/v3/${key}?hash=1`)).toEqual({
      openapi: '3.0.0',
      info: { title: 'wardle' },
    });
    const heard = extension.heard.find(({ url }) => url === `/openapi/v3/${key}?hash=1`);
    expect(heard?.headers['x-remote-user']).toBe('system:aggregator');
  });
});

describe('what extension servers are told', () => {
  it('AGG-12: whom to trust stands in a ConfigMap', async () => {
    const { data } = (await running.json(
      'GET',
      '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication',
    )) as { data: Record<string, string> };
    const { ca, frontProxyCa } = running.server.pki;
    expect(data).toEqual({
      'client-ca-file': ca.certificate,
      'requestheader-allowed-names': '["front-proxy-client"]',
      'requestheader-client-ca-file': frontProxyCa.certificate,
      'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
      'requestheader-group-headers': '["X-Remote-Group"]',
      'requestheader-uid-headers': '["X-Remote-Uid"]',
      'requestheader-username-headers': '["X-Remote-User"]',
    });
  });
});
