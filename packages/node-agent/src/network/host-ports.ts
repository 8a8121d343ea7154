/**
 * Ports of the node that lead to its Pods (upstream: the CNI portmap plugin). Who may have which is the scheduler's
 * and the kubelet's admission's to say; here the last to come wins.
 */
import type { Peer, Protocol } from './network-error.ts';

export interface HostPort {
  /** Empty: every address of the node. */
  readonly hostIp: string;
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: Protocol;
}

interface Mapping extends HostPort {
  readonly ip: string;
}

export class HostPorts {
  readonly #byPort = new Map<string, Mapping[]>();

  map(ip: string, ports: readonly HostPort[]): void {
    for (const port of ports) {
      const key = `${port.protocol}/${port.hostPort}`;
      this.#byPort.set(key, [{ ...port, ip }, ...(this.#byPort.get(key) ?? [])]);
    }
  }

  release(ip: string): void {
    for (const [key, mappings] of this.#byPort) {
      const left = mappings.filter((mapping) => mapping.ip !== ip);
      if (left.length === 0) this.#byPort.delete(key);
      else if (left.length < mappings.length) this.#byPort.set(key, left);
    }
  }

  /** The Pod's address and port behind one of the node's. */
  find(address: string, port: number, protocol: Protocol): Peer | undefined {
    const found = this.#byPort
      .get(`${protocol}/${port}`)
      ?.find(({ hostIp }) => hostIp === '' || hostIp === '0.0.0.0' || hostIp === address);
    return found && { ip: found.ip, port: found.containerPort };
  }
}
