/**
 * Service addresses as environment variables (upstream: pkg/kubelet/envvars/envvars.go): NAME_SERVICE_HOST and the
 * variables of Docker's links. The `kubernetes` service of `default` is always there, the others when links are enabled.
 */
import type { Service } from '@regatta/api';

export function serviceVariables(services: readonly Service[], namespace: string, links: boolean): [string, string][] {
  const chosen = new Map<string, Service>();
  for (const service of services) {
    const { clusterIP } = service.spec;
    if (!clusterIP || clusterIP === 'None') continue;
    const { name } = service.metadata;
    if (service.metadata.namespace === namespace && links) chosen.set(name, service);
    else if (isMaster(service) && !chosen.has(name)) chosen.set(name, service);
  }
  return [...chosen.values()].flatMap(variablesOf);
}

function isMaster({ metadata }: Service): boolean {
  return metadata.namespace === 'default' && metadata.name === 'kubernetes';
}

function variablesOf(service: Service): [string, string][] {
  const { clusterIP = '', ports = [] } = service.spec;
  const prefix = variableName(service.metadata.name);
  const [first] = ports;
  if (first === undefined) return [];
  const host = clusterIP.includes(':') ? `[${clusterIP}]` : clusterIP;
  const named = ports.filter((port) => port.name);
  return [
    [`${prefix}_SERVICE_HOST`, clusterIP],
    [`${prefix}_SERVICE_PORT`, String(first.port)],
    ...named.map((port): [string, string] => [
      `${prefix}_SERVICE_PORT_${variableName(port.name ?? '')}`,
      String(port.port),
    ]),
    [`${prefix}_PORT`, `${(first.protocol ?? 'TCP').toLowerCase()}://${host}:${first.port}`],
    ...ports.flatMap((port) => linkVariables(prefix, clusterIP, host, port.port, port.protocol ?? 'TCP')),
  ];
}

function linkVariables(prefix: string, ip: string, host: string, port: number, protocol: string): [string, string][] {
  const base = `${prefix}_PORT_${port}_${protocol}`;
  return [
    [base, `${protocol.toLowerCase()}://${host}:${port}`],
    [`${base}_PROTO`, protocol.toLowerCase()],
    [`${base}_PORT`, String(port)],
    [`${base}_ADDR`, ip],
  ];
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}
