/**
 * A webhook on this host, with a certificate that the apiserver's authority signed.
 */
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { RunningServer } from '../running-server.ts';

export interface Review {
  readonly uid: string;
  readonly [field: string]: unknown;
}

/** What a webhook says; undefined leaves the caller waiting. */
export type Answer = (path: string, request: Review) => object | undefined;

export interface WebhookServer {
  /** For a configuration's clientConfig. */
  config(path: string): { readonly url: string; readonly caBundle: string };
  readonly asked: string[];
  stop(): Promise<void>;
}

export async function webhookServer({ server }: RunningServer, answer: Answer): Promise<WebhookServer> {
  const { serving, ca } = server.pki;
  const asked: string[] = [];
  const listener = https.createServer({ key: serving.key, cert: serving.certificate }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { kind, apiVersion, request: review } = JSON.parse(Buffer.concat(chunks).toString());
      asked.push(request.url ?? '');
      const said = answer((request.url ?? '').split('?')[0] ?? '', review);
      if (said) response.end(JSON.stringify({ kind, apiVersion, response: { uid: review.uid, ...said } }));
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  return {
    config: (path) => ({
      url: `https://127.0.0.1:${port}${path}`,
      caBundle: Buffer.from(ca.certificate).toString('base64'),
    }),
    asked,
    stop: () =>
      new Promise((resolve) => {
        listener.closeAllConnections();
        listener.close(() => resolve());
      }),
  };
}
