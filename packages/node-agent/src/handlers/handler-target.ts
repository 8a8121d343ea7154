/**
 * What probes and lifecycle hooks are aimed at, and how they find ports in it
 * (upstream: pkg/probe/util.go and pkg/probe/http/request.go).
 */
import type { Container, Pod } from '@regatta/api';

export interface HandlerTarget {
  readonly pod: Pod;
  readonly container: Container;
  readonly containerId: string;
  readonly podIp: string;
}

/** Upstream keeps 10 KiB of what a handler answers. */
export const LONGEST_OUTPUT = 10 * 1024;

/** What is asked for can't be done as it is written. The message is upstream's. */
export class HandlerError extends Error {
  readonly code = 'handler';
}

/** A port number, or the number of the container's port of that name. @throws HandlerError */
export function resolvePort(port: number | string, { ports = [] }: Container): number {
  const number = typeof port === 'number' ? port : (named(ports, port) ?? parsed(port));
  if (number > 0 && number < 65_536) return number;
  throw new HandlerError(`invalid port number: ${number}`);
}

function named(ports: NonNullable<Container['ports']>, name: string): number | undefined {
  return ports.find((port) => port.name === name)?.containerPort;
}

function parsed(port: string): number {
  if (/^[+-]?\d+$/.test(port)) return Number(port);
  throw new HandlerError(`strconv.Atoi: parsing ${JSON.stringify(port)}: invalid syntax`);
}

/** Go's way to write a duration of whole milliseconds: 500ms, 1s, 1m30s. */
export function formatTimeout(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  const minutes = Math.floor(ms / 60_000);
  const seconds = `${(ms % 60_000) / 1000}s`;
  return minutes === 0 ? seconds : `${minutes}m${seconds}`;
}
