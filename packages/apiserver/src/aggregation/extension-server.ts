/**
 * The way to the server behind an APIService: its Service, and TLS with the front proxy's certificate
 * (upstream: k8s.io/apiserver/pkg/util/proxy/proxy.go ResolveCluster; kube-aggregator pkg/apiserver/handler_proxy.go).
 *
 * Owns nothing between requests: each has a connection of its own.
 */
import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { type APIServiceSpec, type ApiregistrationV1ServiceReference, type Service, statusErrors } from '@regatta/api';
import { type ProxyEnvironment, type ProxyTarget, proxyTarget } from '../connect/proxy/proxy-target.ts';
import { DialError } from '../dial/dialer.ts';
import type { KeyPair } from '../pki/mod.ts';
import type { RequestInfo } from '../server/request-info.ts';
import { HTTPS_PORT } from './strategy.ts';

/** What connections to Services need of the server. */
export type Reach = Pick<ProxyEnvironment, 'service' | 'endpointSlices' | 'dialer' | 'random' | 'pod' | 'node'>;

/** As the Service of an APIService resolves. */
export interface ServiceReach {
  service(namespace: string, name: string): Service | undefined;
  /** Undefined without a bus: then only Services that name a host can be reached. */
  readonly reach: Reach | undefined;
  /** Shown to extension servers. */
  readonly client: KeyPair;
}

type Trust = Pick<APIServiceSpec, 'caBundle' | 'insecureSkipTLSVerify'>;

/** Nobody is verified: the availability check asks whether somebody answers, not who. */
export const ANYBODY: Trust = { insecureSkipTLSVerify: true };

/** @throws StatusError 404, 503 when there is no way */
export function extensionTarget(
  { service: find, reach, client }: ServiceReach,
  reference: ApiregistrationV1ServiceReference,
  trust: Trust,
): ProxyTarget {
  const { name = '', namespace = '', port = HTTPS_PORT } = reference;
  const service = find(namespace, name);
  if (!service) throw statusErrors.notFound({ group: '', resource: 'services' }, name);
  const { type, externalName = '', clusterIP = '' } = service.spec;
  const isExternal = type === 'ExternalName';
  const known = isExternal || service.spec.ports?.some((own) => own.port === port);
  if (!known)
    throw statusErrors.serviceUnavailable(`no service port ${port} found for service ${JSON.stringify(name)}`);
  const dial = (signal: AbortSignal): Promise<Duplex> =>
    isExternal ? dialHost(externalName, port, signal) : dialService(reach, namespace, name, port, signal);
  return {
    // The connection is encrypted before it is handed out.
    tls: false,
    host: `${isExternal ? externalName : clusterIP}:${port}`,
    connect: async (signal) => encrypted(await dial(signal), `${name}.${namespace}.svc`, trust, client),
  };
}

/** @throws DialError, StatusError 503 */
async function dialService(
  reach: Reach | undefined,
  namespace: string,
  name: string,
  port: number,
  signal: AbortSignal,
): Promise<Duplex> {
  if (!reach) throw new DialError('services can only be reached over the bus');
  const info: Pick<RequestInfo, 'resource' | 'namespace' | 'name'> = {
    resource: 'services',
    namespace,
    name: `${name}:${port}`,
  };
  return proxyTarget(reach, info as RequestInfo).connect(signal);
}

/** On the host's own network. @throws DialError */
function dialHost(host: string, port: number, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port, signal });
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error: NodeJS.ErrnoException) => reject(new DialError(reasonOf(error, host, port))));
  });
}

function reasonOf({ code, message }: NodeJS.ErrnoException, host: string, port: number): string {
  if (code === 'ECONNREFUSED') return `dial tcp ${host}:${port}: connect: connection refused`;
  if (code === 'ENOTFOUND') return `dial tcp: lookup ${host}: no such host`;
  return `dial tcp ${host}:${port}: ${message}`;
}

/** @throws DialError when the server is not who it should be */
async function encrypted(
  socket: Duplex,
  servername: string,
  { caBundle, insecureSkipTLSVerify }: Trust,
  { certificate, key }: KeyPair,
): Promise<TLSSocket> {
  const { connect } = await import('node:tls');
  const ca = caBundle ? { ca: Buffer.from(caBundle, 'base64') } : {};
  const rejectUnauthorized = !insecureSkipTLSVerify;
  return new Promise((resolve, reject) => {
    const secure = connect({ socket, servername, cert: certificate, key, rejectUnauthorized, ...ca });
    const fail = (error: NodeJS.ErrnoException): void => reject(new DialError(tlsReason(error)));
    secure.once('error', fail);
    secure.once('close', () => fail(new Error('EOF')));
    secure.once('secureConnect', () => {
      secure.off('error', fail);
      resolve(secure);
    });
  });
}

function tlsReason({ code = '', message }: NodeJS.ErrnoException): string {
  if (code === 'ECONNRESET') return 'EOF';
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') return 'http: server gave HTTP response to HTTPS client';
  return /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/.test(code)
    ? `tls: failed to verify certificate: x509: ${message}`
    : message;
}
