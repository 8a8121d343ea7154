/**
 * Requests to a cluster's own paths, with failures as sentences.
 */
import { StatusError } from '@regatta/api';
import { printable } from '@regatta/runtime';
import { adminClient, type ConnectedClient } from '../api.ts';
import { CliError } from '../cli-error.ts';
import type { Layout } from '../layout.ts';

/** @throws CliError in the server's words, or that it can't be reached */
export async function reached<T>(url: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    if (error.status.code === 401)
      throw new CliError(
        `The cluster at ${url} does not know you (any more). Its host lets you in again: \`regatta invite <you>\`.`,
        1,
        { cause: error },
      );
    if (!(error.cause instanceof Error)) throw new CliError(printable(error.message), 1, { cause: error });
    throw new CliError(`The API server at ${url} can't be reached: ${printable(error.cause.message)}.`, 1, {
      cause: error,
    });
  }
}

/** Opens the cluster of the kubeconfig for one command. */
export async function withCluster<T>(layout: Layout, act: (cluster: ConnectedClient) => Promise<T>): Promise<T> {
  const cluster = adminClient(layout);
  try {
    return await reached(cluster.url, () => act(cluster));
  } finally {
    cluster.close();
  }
}
