/**
 * An extension server on this host: flunders of wardle.example.com, told to the cluster by a Service that names the host.
 */
import type { IncomingHttpHeaders } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { createAuthority, issueCertificate } from '../../src/pki/certificate-authority.ts';
import type { KeyPair } from '../../src/pki/mod.ts';
import type { RunningServer } from '../running-server.ts';

export const GROUP = 'wardle.example.com';
export const SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices';
export const NAME = `v1alpha1.${GROUP}`;
const VERSION_PATH = `/apis/${GROUP}/v1alpha1`;
const FLUNDERS = {
  name: 'flunders',
  singularName: 'flunder',
  namespaced: true,
  kind: 'Flunder',
  verbs: ['create', 'get', 'list', 'watch'],
};

export interface Heard {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Common name of the client's certificate, when the front proxy's authority signed it. */
  readonly client: string | undefined;
}

export interface ExtensionServer {
  readonly port: number;
  readonly heard: Heard[];
  /** What an APIService has to trust. */
  readonly caBundle: string;
  /** Answers everything with this code from now on. */
  breaks(code: number | undefined): void;
  /** Ends the watches that are open. */
  endWatches(): void;
  readonly watches: number;
  stop(): Promise<void>;
}

export async function extensionServer(
  { server }: RunningServer,
  options: { readonly aggregated?: boolean; readonly hostName?: string } = {},
): Promise<ExtensionServer> {
  const authority = await createAuthority('wardle-ca', Date.now());
  const serving = await servingPair(authority, options.hostName ?? 'sample-api.wardle.svc');
  const heard: Heard[] = [];
  const watches = new Set<{ end(): void }>();
  let broken: number | undefined;
  const listener = https.createServer(
    {
      key: serving.key,
      cert: serving.certificate,
      ca: server.pki.frontProxyCa.certificate,
      requestCert: true,
      rejectUnauthorized: false,
    },
    (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        heard.push({ method, url, headers, body: Buffer.concat(chunks).toString(), client: clientOf(request.socket) });
        if (broken !== undefined) {
          response.writeHead(broken).end('broken');
          return;
        }
        const document = documentOf(url.split('?')[0] ?? '', options.aggregated ?? false);
        if (document) {
          response.writeHead(200, { 'content-type': document.type }).end(JSON.stringify(document.body));
          return;
        }
        if (url.includes('watch=true')) {
          watches.add(response);
          response.on('close', () => watches.delete(response));
          response.writeHead(200, { 'content-type': 'application/json' });
          response.write('{"type":"ADDED"}\n');
          return;
        }
        response.writeHead(method === 'POST' ? 201 : 200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ kind: 'Flunder', said: method }));
      });
    },
  );
  listener.on('upgrade', (request, socket: Socket) => {
    heard.push({
      method: 'UPGRADE',
      url: request.url ?? '',
      headers: request.headers,
      body: '',
      client: clientOf(socket),
    });
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    port: (listener.address() as AddressInfo).port,
    heard,
    caBundle: Buffer.from(authority.certificate).toString('base64'),
    breaks: (code) => {
      broken = code;
    },
    endWatches: () => {
      for (const watch of watches) watch.end();
    },
    get watches() {
      return watches.size;
    },
    stop: () =>
      new Promise((resolve) => {
        listener.closeAllConnections();
        listener.close(() => resolve());
      }),
  };
}

function servingPair(authority: KeyPair, name: string): Promise<KeyPair> {
  return issueCertificate(authority, { commonName: name, usages: ['server'], dnsNames: [name] }, Date.now());
}

function clientOf(socket: unknown): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const { subject } = socket.getPeerCertificate();
  return String(subject.CN);
}

interface Document {
  readonly type: string;
  readonly body: object;
}

function documentOf(path: string, isAggregated: boolean): Document | undefined {
  const type = 'application/json';
  switch (path) {
    case '/apis':
      return isAggregated ? aggregatedDocument() : { type, body: { kind: 'APIGroupList', groups: [] } };
    case VERSION_PATH:
      return { type, body: { kind: 'APIResourceList', groupVersion: `${GROUP}/v1alpha1`, resources: [FLUNDERS] } };
    case '/openapi/v3':
      return {
        type,
        body: { paths: { [`apis/${GROUP}/v1alpha1`]: { serverRelativeURL: `/openapi/v3${VERSION_PATH}?hash=1` } } },
      };
    case `/openapi/v3${VERSION_PATH}`:
      return { type, body: { openapi: '3.0.0', info: { title: 'wardle' } } };
    default:
      return undefined;
  }
}

function aggregatedDocument(): Document {
  const resources = [{ resource: 'flunders', scope: 'Namespaced', verbs: ['get'], shortNames: ['fl'] }];
  const items = [{ metadata: { name: GROUP }, versions: [{ version: 'v1alpha1', resources }] }];
  return {
    type: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
    body: { kind: 'APIGroupDiscoveryList', items },
  };
}

/** The Service, and the APIService of its version. */
export async function register(running: RunningServer, port: number, spec: object): Promise<void> {
  await running.request('POST', '/api/v1/namespaces', { body: { metadata: { name: 'wardle' } } });
  await running.request('POST', '/api/v1/namespaces/wardle/services', {
    body: { metadata: { name: 'sample-api' }, spec: { type: 'ExternalName', externalName: 'localhost' } },
  });
  const service = { name: 'sample-api', namespace: 'wardle', port };
  const priorities = { groupPriorityMinimum: 2000, versionPriority: 200 };
  await running.request('POST', SERVICES, {
    body: { metadata: { name: NAME }, spec: { group: GROUP, version: 'v1alpha1', service, ...priorities, ...spec } },
  });
}

interface Condition {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

export async function conditionOf(running: RunningServer, name = NAME): Promise<Condition | undefined> {
  const { status } = (await running.json('GET', `${SERVICES}/${name}`)) as {
    status?: { conditions?: readonly (Condition & { lastTransitionTime: string; type: string })[] };
  };
  const found = status?.conditions?.[0];
  return found && { status: found.status, reason: found.reason, message: found.message };
}
