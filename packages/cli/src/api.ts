/**
 * The cluster's API as its administrator, from the kubeconfig in the data folder.
 */
import fs from 'node:fs';
import { ApiClient, HttpTransport } from '@regatta/client';
import { parse } from 'yaml';
import { CliError } from './cli-error.ts';
import type { Layout } from './layout.ts';

interface Kubeconfig {
  readonly clusters?: readonly {
    readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string };
  }[];
  readonly users?: readonly {
    readonly user: { readonly 'client-certificate-data': string; readonly 'client-key-data': string };
  }[];
}

/** @throws CliError when there is no cluster's kubeconfig */
export function adminClient(layout: Layout): { readonly client: ApiClient; close(): void } {
  let config: Kubeconfig;
  try {
    config = parse(fs.readFileSync(layout.kubeconfig, 'utf8')) as Kubeconfig;
  } catch (error) {
    throw new CliError(
      `There is no kubeconfig at ${layout.kubeconfig}. Start the cluster with \`regatta up -d\` first.`,
      1,
      { cause: error },
    );
  }
  const cluster = config.clusters?.[0]?.cluster;
  const user = config.users?.[0]?.user;
  if (!cluster || !user)
    throw new CliError(`${layout.kubeconfig} is damaged; the next start of the cluster writes it again.`);
  const decode = (data: string): string => Buffer.from(data, 'base64').toString();
  const transport = new HttpTransport({
    url: cluster.server,
    ca: decode(cluster['certificate-authority-data']),
    cert: decode(user['client-certificate-data']),
    key: decode(user['client-key-data']),
  });
  return { client: new ApiClient(transport, { userAgent: 'regatta' }), close: () => transport.close() };
}
