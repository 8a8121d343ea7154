/**
 * Warnings about container ports that are told twice (upstream: pkg/api/pod/warnings.go).
 */
import type { ContainerPort, PodSpec } from '@regatta/api';
import { eachItem } from '../../validation/lists.ts';
import type { Path } from '../../validation/path.ts';
import { eachContainer } from './each-container.ts';

interface Seen {
  readonly at: Path;
  readonly port: ContainerPort;
}

export function portWarnings(spec: PodSpec, path: Path): string[] {
  const warnings: string[] = [];
  const seen = new Map<string, Seen[]>();
  eachContainer(spec, path, ({ ports }, container) =>
    eachItem(ports, container.child('ports'), (port, at) => {
      if (port.hostIP && !port.hostPort) warnings.push(`${at}: hostIP set without hostPort: ${goStruct(port)}`);
      const key = `${port.containerPort}/${port.protocol ?? ''}`;
      const others = seen.get(key) ?? [];
      for (const other of others) {
        const how = overlap(port, other.port);
        if (how) warnings.push(`${at}: ${how} port definition with ${other.at}`);
      }
      seen.set(key, [...others, { at, port }]);
    }),
  );
  return warnings;
}

function overlap(a: ContainerPort, b: ContainerPort): string | undefined {
  const [portA, portB] = [a.hostPort ?? 0, b.hostPort ?? 0];
  const [ipA, ipB] = [a.hostIP ?? '', b.hostIP ?? ''];
  if (ipA === ipB && portA === portB) return 'duplicate';
  if (portA === 0 || portB === 0) return 'overlapping';
  return portA === portB && (ipA === '') !== (ipB === '') ? 'dangerously ambiguous' : undefined;
}

/** As Go prints a struct with %+v. */
function goStruct({ name, hostPort, containerPort, protocol, hostIP }: ContainerPort): string {
  return `{Name:${name ?? ''} HostPort:${hostPort ?? 0} ContainerPort:${containerPort} Protocol:${protocol ?? ''} HostIP:${hostIP ?? ''}}`;
}
