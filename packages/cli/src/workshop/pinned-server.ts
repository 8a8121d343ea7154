/**
 * The first word with a cluster that nothing is known of but the hash of its authority (as kubeadm's discovery by
 * --discovery-token-ca-cert-hash): the authority's certificate is asked for on a connection that proves nothing, and is
 * believed when its key has the hash. Whatever holds a secret goes over connections that this authority vouches for.
 */
import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { CliError } from '../cli-error.ts';
import { serverNameFor } from './guest-kubeconfig.ts';
import { pinOf } from './join-link.ts';

const PATIENCE_MS = 10_000;
const LARGEST_ANSWER = 64 * 1024;

export interface PinnedServer {
  readonly ca: string;
  readonly serverName: string | undefined;
}

/** @throws CliError when it can't be reached, or is not the one that was meant */
export async function pinnedServer(url: string, pin: string): Promise<PinnedServer> {
  const { text, certificate } = await ask(`${url}/regatta/v1/ca`).catch((cause: Error) => {
    throw new CliError(
      `The cluster at ${url} can't be reached: ${cause.message}. Does the host's machine let you in on this port?`,
      1,
      { cause },
    );
  });
  if (pinOf(text) !== pin)
    throw new CliError(
      `Whoever answers at ${url} is not the cluster of this link: it does not have that cluster's key. Ask the host for a new link, and do not go on if it happens again.`,
    );
  return { ca: text, serverName: serverNameFor(url, certificate) };
}

async function ask(url: string): Promise<{ text: string; certificate: X509Certificate }> {
  const https = await import('node:https');
  return await new Promise((resolve, reject) => {
    const request = https.get(url, { rejectUnauthorized: false, agent: false, timeout: PATIENCE_MS }, (message) => {
      const { raw } = (message.socket as TLSSocket).getPeerCertificate();
      let text = '';
      message.setEncoding('utf8');
      message.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > LARGEST_ANSWER) request.destroy(new Error('what it answers is no certificate'));
      });
      message.on('end', () => resolve({ text, certificate: new X509Certificate(raw) }));
      message.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('nothing answers')));
    request.on('error', reject);
  });
}
