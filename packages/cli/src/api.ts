/**
 * The cluster's API as the person of a kubeconfig: the administrator, for the one in the data folder.
 */
import { ApiClient, HttpTransport } from '@regatta/client';
import { readKubeconfig } from './kubeconfig.ts';
import type { Layout } from './layout.ts';

export interface ConnectedClient {
  readonly client: ApiClient;
  readonly transport: HttpTransport;
  /** The cluster's name in the kubeconfig. */
  readonly name: string;
  readonly url: string;
  /** The kubeconfig's. */
  readonly namespace: string;
  close(): void;
}

/** @throws CliError when there is no cluster's kubeconfig */
export function adminClient({ kubeconfig }: Layout): ConnectedClient {
  const { name, namespace, transport: options } = readKubeconfig(kubeconfig);
  const transport = new HttpTransport(options);
  const client = new ApiClient(transport, { userAgent: 'regatta' });
  return { client, transport, name, url: options.url, namespace, close: () => void transport.close() };
}
