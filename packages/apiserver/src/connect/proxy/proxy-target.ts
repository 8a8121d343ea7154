/**
 * Where pods/proxy, services/proxy and nodes/proxy lead (upstream: ResourceLocation in pkg/registry/core/pod/strategy.go,
 * pkg/registry/core/service/storage/storage.go, pkg/registry/core/node/strategy.go; utilnet.SplitSchemeNamePort).
 *
 * A name is `name`, `name:port` or `scheme:name:port`.
 */
import type { Duplex } from 'node:stream';
import { type EndpointSlice, type Node, type Pod, type Service, type StatusError, statusErrors } from '@regatta/api';
import type { Random } from '@regatta/runtime';
import type { Dialer } from '../../dial/dialer.ts';
import type { RequestInfo } from '../../server/request-info.ts';

const KUBELET_PORT = '10250';

export interface ProxyEnvironment {
  readonly dialer: Dialer;
  readonly random: Random;
  /** @throws StatusError 404 */
  pod(namespace: string, name: string): Pod;
  /** @throws StatusError 404 */
  service(namespace: string, name: string): Service;
  /** @throws StatusError 404 */
  node(name: string): Node;
  endpointSlices(namespace: string, service: string): readonly EndpointSlice[];
}

export interface ProxyTarget {
  readonly tls: boolean;
  /** As URLs show it: address and, unless it is the scheme's own, port. */
  readonly host: string;
  /** @throws DialError */
  connect(signal: AbortSignal): Promise<Duplex>;
}

interface ProxyName {
  readonly scheme: string;
  readonly name: string;
  readonly port: string;
}

/** @throws StatusError 400, 404, 503 */
export function proxyTarget(env: ProxyEnvironment, { resource, namespace, name }: RequestInfo): ProxyTarget {
  if (resource === 'nodes') return nodeTarget(env, parseName(name, 'node'));
  if (resource === 'services') return serviceTarget(env, namespace, parseName(name, 'service'), name);
  return podTarget(env, namespace, parseName(name, 'pod'));
}

/** @throws StatusError 400 */
function parseName(id: string, kind: string): ProxyName {
  const parts = id.split(':');
  const [scheme = '', name = '', port = ''] = parts.length === 3 ? parts : ['', ...parts];
  const known = scheme === '' || scheme === 'http' || scheme === 'https';
  if (parts.length > 3 || name === '' || !known)
    throw statusErrors.badRequest(`invalid ${kind} request ${JSON.stringify(id)}`);
  return { scheme, name, port };
}

function podTarget(env: ProxyEnvironment, namespace: string, { scheme, name, port }: ProxyName): ProxyTarget {
  const pod = env.pod(namespace, name);
  const first = pod.spec.containers.flatMap(({ ports }) => ports ?? [])[0]?.containerPort;
  const ip = pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? '';
  return addressTarget(env, scheme, ip, port || (first === undefined ? '' : String(first)));
}

function serviceTarget(env: ProxyEnvironment, namespace: string, asked: ProxyName, id: string): ProxyTarget {
  const service = env.service(namespace, asked.name);
  const portName = /^\d+$/.test(asked.port) ? nameOfPort(service, Number(asked.port)) : asked.port;
  const endpoints = env.endpointSlices(namespace, asked.name).flatMap((slice) => {
    const port = slice.ports?.find(({ name = '' }) => (name ?? '') === portName)?.port;
    if (port === undefined) return [];
    const ready = (slice.endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
    return ready.flatMap(({ addresses }) => addresses.slice(0, 1).map((ip) => ({ ip, port })));
  });
  const chosen = endpoints[Math.floor(env.random.next() * endpoints.length)];
  if (chosen === undefined)
    throw statusErrors.serviceUnavailable(`no endpoints available for service ${JSON.stringify(id)}`);
  return addressTarget(env, asked.scheme, chosen.ip, String(chosen.port));
}

/** @throws StatusError 503 */
function nameOfPort(service: Service, port: number): string {
  const found = service.spec.ports?.find((own) => own.port === port);
  if (found) return found.name ?? '';
  const name = JSON.stringify(service.metadata.name);
  throw statusErrors.serviceUnavailable(`no service port ${port} found for service ${name}`);
}

function nodeTarget(env: ProxyEnvironment, { scheme, name, port }: ProxyName): ProxyTarget {
  const node = env.node(name);
  const ip = node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
  if (ip === undefined) throw noAddress(name);
  if (port !== '' && port !== KUBELET_PORT) return addressTarget(env, scheme, ip, port);
  const connect = (signal: AbortSignal): Promise<Duplex> => env.dialer.dialKubelet(name, signal);
  return { tls: false, host: `${ip}:${KUBELET_PORT}`, connect };
}

function noAddress(name: string): StatusError {
  const types = '[Hostname InternalDNS InternalIP ExternalDNS ExternalIP]';
  return statusErrors.unknown(`no preferred addresses found; known addresses: []; node: ${name}, wanted: ${types}`);
}

/** @throws StatusError 400 */
function addressTarget(env: ProxyEnvironment, scheme: string, ip: string, port: string): ProxyTarget {
  if (!isProxyable(ip)) throw statusErrors.badRequest('address not allowed');
  const tls = scheme === 'https';
  const number = port === '' ? (tls ? 443 : 80) : Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 65_535)
    throw statusErrors.serviceUnavailable(`error trying to reach service: dial tcp: lookup tcp/${port}: unknown port`);
  const host = port === '' ? ip : `${ip}:${port}`;
  return { tls, host, connect: (signal) => env.dialer.dial({ ip, port: number }, signal) };
}

/** Go's IsGlobalUnicast for IPv4: no loopback, link-local, multicast or unspecified address. */
function isProxyable(ip: string): boolean {
  const parts = ip.split('.').map(Number);
  const [first = 0, second = 0] = parts;
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return false;
  const linkLocal = first === 169 && second === 254;
  return first !== 0 && first !== 127 && first < 224 && !linkLocal;
}
