/**
 * Addresses and ports that come with a write of a Service (upstream: pkg/registry/core/service/storage/alloc.go).
 *
 * Everything is taken before the Service is stored and given back when that fails; what an update no longer needs is
 * given back after it is stored. A dry run checks what was asked for and takes nothing.
 */
import { FieldPath, fieldErrors, type Service, type ServicePort, type StatusError, statusErrors } from '@regatta/api';
import { AllocationError } from '../../../allocation/allocation-error.ts';
import { ClusterIps } from '../../../allocation/cluster-ips.ts';
import { NodePorts, type PortReservation } from '../../../allocation/node-ports.ts';
import type { Allocation, WriteContext } from '../../../registry/strategy.ts';
import type { ServerContext } from '../../../server/context.ts';
import type { ObjectStorage } from '../../../storage/object-storage.ts';
import {
  allocatesNodePorts,
  isHeadless,
  NONE,
  needsClusterIp,
  needsHealthCheck,
  needsNodePorts,
} from './service-fields.ts';

interface Allocators {
  readonly ips: ClusterIps;
  readonly ports: NodePorts;
}

/** One set for each store: the index of ports begins when the first Service is written. */
const allocators = new WeakMap<ObjectStorage, Allocators>();

export function allocatorsOf(server: ServerContext): Allocators {
  let found = allocators.get(server.storage);
  if (!found) {
    found = { ips: new ClusterIps(server), ports: new NodePorts(server.storage, server.random) };
    allocators.set(server.storage, found);
  }
  return found;
}

/** @throws StatusError 422 for what was asked for and can't be had, 500 when nothing is left */
export async function allocateService(
  service: Service,
  old: Service | undefined,
  { server, dryRun }: WriteContext,
): Promise<Allocation> {
  const { ips, ports } = allocatorsOf(server);
  const reservation = dryRun ? ports.rehearse() : ports.begin();
  let address: string | undefined;
  try {
    if (takesClusterIp(service, old)) address = await takeClusterIp(service, ips, dryRun);
    if (needsNodePorts(service)) takeNodePorts(service, old, reservation);
    if (needsHealthCheck(service) && !(old && needsHealthCheck(old))) takeHealthCheckPort(service, reservation);
  } catch (error) {
    reservation.end();
    if (address !== undefined && !dryRun) await ips.release(address);
    throw error;
  }
  const taken = dryRun ? undefined : address;
  return {
    commit: () => {
      reservation.end();
      if (old) for (const dropped of droppedAddresses(service, old)) void ips.release(dropped);
    },
    rollback: () => {
      reservation.end();
      if (taken !== undefined) void ips.release(taken);
    },
  };
}

/**
 * Refuses addresses and ports that were asked for and can't be had. Upstream has taken everything before it validates the
 * rest, so that these refusals come alone. @throws StatusError 422
 */
export function checkRequested(service: Service, { server, dryRun }: WriteContext): void {
  const { ips, ports } = allocatorsOf(server);
  const wanted = takesClusterIp(service, undefined) ? service.spec.clusterIPs?.[0] : undefined;
  if (wanted) refusing(service, wanted, () => (dryRun ? ips.check(wanted) : ips.checkFree(wanted)));
  if (!needsNodePorts(service)) return;
  const reservation = dryRun ? ports.rehearse() : ports.begin();
  try {
    takeNodePorts(structuredClone(service), undefined, reservation);
  } finally {
    reservation.end();
  }
}

/**
 * Entries for the same port get the node port that one of them asks for. Where even the protocol is the same, which
 * validation refuses, they are given one that nobody keeps: upstream has taken it by then, and names it.
 */
export function shareNodePorts(service: Service, { server, dryRun }: WriteContext): void {
  if (!allocatesNodePorts(service)) return;
  const ports = service.spec.ports ?? [];
  for (const port of ports) port.nodePort ||= requestedFor(service, port.port) ?? 0;
  const seen = new Map<string, ServicePort>();
  for (const port of ports) {
    const twin = seen.get(`${port.protocol}/${port.port}`);
    if (twin && !port.nodePort) {
      const reservation = dryRun ? allocatorsOf(server).ports.rehearse() : allocatorsOf(server).ports.begin();
      port.nodePort = anyPort(reservation, 'a nodePort');
      twin.nodePort ||= port.nodePort;
      reservation.end();
    }
    seen.set(`${port.protocol}/${port.port}`, port);
    if (!port.nodePort) delete port.nodePort;
  }
}

/** @param service gone from the store */
export function releaseService(service: Service, server: ServerContext): void {
  const { ips } = allocatorsOf(server);
  for (const address of addressesOf(service)) void ips.release(address);
}

function takesClusterIp(service: Service, old: Service | undefined): boolean {
  if (!needsClusterIp(service) || isHeadless(service)) return false;
  return !old || old.spec.type === 'ExternalName';
}

async function takeClusterIp(service: Service, ips: ClusterIps, dryRun: boolean): Promise<string> {
  const { spec } = service;
  const owner = { namespace: service.metadata.namespace ?? '', name: service.metadata.name };
  const wanted = spec.clusterIPs?.[0];
  if (!wanted) {
    const address = dryRun ? ips.placeholder : await ips.takeAny(owner).catch(rethrowFull('a serviceIP'));
    spec.clusterIP = address;
    spec.clusterIPs = [address];
    return address;
  }
  if (dryRun) refusing(service, wanted, () => ips.check(wanted));
  else await ips.take(wanted, owner).catch((error: unknown) => refusing(service, wanted, () => fail(error)));
  return wanted;
}

function refusing(service: Service, wanted: string, take: () => void): void {
  try {
    take();
  } catch (error) {
    if (!(error instanceof AllocationError)) throw error;
    const path = FieldPath.root('spec', 'clusterIPs');
    throw invalid(service, path, service.spec.clusterIPs, `failed to allocate IP ${wanted}: ${error.message}`);
  }
}

function fail(error: unknown): never {
  throw error;
}

function rethrowFull(what: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof AllocationError)) throw error;
    throw statusErrors.internal(`failed to allocate ${what}: ${error.message}`);
  };
}

/** Entries for the same port, of different protocols, share a node port; an update keeps those it had. */
function takeNodePorts(service: Service, old: Service | undefined, reservation: PortReservation): void {
  const held = new Set((old?.spec.ports ?? []).map((port) => port.nodePort));
  const byPort = new Map<number, number>();
  for (const [i, port] of (service.spec.ports ?? []).entries()) {
    if (!port.nodePort && !allocatesNodePorts(service)) continue;
    if (!old) port.nodePort ||= byPort.get(port.port) ?? requestedFor(service, port.port) ?? 0;
    if (!port.nodePort) port.nodePort = anyPort(reservation, 'a nodePort');
    else if (!held.has(port.nodePort) && byPort.get(port.port) !== port.nodePort) {
      takeNodePort(service, i, port.nodePort, reservation);
    }
    if (old) held.add(port.nodePort);
    if (!byPort.has(port.port)) byPort.set(port.port, port.nodePort);
  }
}

/** The node port that another entry of the same port asks for. */
function requestedFor({ spec }: Service, port: number): number | undefined {
  return spec.ports?.find((other) => other.port === port && other.nodePort)?.nodePort;
}

function takeNodePort(service: Service, index: number, port: number, reservation: PortReservation): void {
  try {
    reservation.take(port);
  } catch (error) {
    if (!(error instanceof AllocationError)) throw error;
    throw invalid(service, FieldPath.root('spec', 'ports').index(index).child('nodePort'), port, error.message);
  }
}

function anyPort(reservation: PortReservation, what: string): number {
  try {
    return reservation.takeAny();
  } catch (error) {
    return rethrowFull(what)(error);
  }
}

function takeHealthCheckPort({ spec }: Service, reservation: PortReservation): void {
  if (!spec.healthCheckNodePort) {
    spec.healthCheckNodePort = anyPort(reservation, 'a HealthCheck NodePort 0');
    return;
  }
  try {
    reservation.take(spec.healthCheckNodePort);
  } catch (error) {
    rethrowFull(`requested HealthCheck NodePort ${spec.healthCheckNodePort}`)(error);
  }
}

function droppedAddresses(service: Service, old: Service): string[] {
  const kept = new Set(addressesOf(service));
  return addressesOf(old).filter((address) => !kept.has(address));
}

function addressesOf({ spec }: Service): string[] {
  return (spec.clusterIPs ?? []).filter((address) => address !== '' && address !== NONE);
}

function invalid(service: Service, path: FieldPath, value: unknown, detail: string): StatusError {
  return statusErrors.invalid('', 'Service', service.metadata.name, [fieldErrors.invalid(path, value, detail)]);
}
