/**
 * How the apiserver connects to what runs in the cluster: Pods and machines by their addresses, for proxies, webhooks and
 * aggregated APIs (upstream: the http.Transport that kube-apiserver is given as ProxyTransport).
 */
import type { Duplex } from 'node:stream';

export interface Address {
  readonly ip: string;
  readonly port: number;
}

export interface Dialer {
  /** @throws DialError when nothing is there */
  dial(to: Address, signal: AbortSignal): Promise<Duplex>;
  /** A connection to the kubelet of a machine, as only apiservers have it. @throws DialError */
  dialKubelet(nodeName: string, signal: AbortSignal): Promise<Duplex>;
}

/** What Go's net.Dial says: `dial tcp 10.244.0.2:80: connect: connection refused`. */
export class DialError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DialError';
  }
}
