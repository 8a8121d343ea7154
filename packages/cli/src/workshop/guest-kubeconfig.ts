/**
 * A guest's kubeconfig: everything in one file that only its owner reads.
 */

import type { X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import { isIP } from 'node:net';
import path from 'node:path';
import { stringify } from 'yaml';

export interface GuestAccess {
  readonly cluster: string;
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  /** A name that the server's certificate has, when it has not the URL's. */
  readonly serverName?: string | undefined;
  readonly name: string;
  readonly namespace: string;
  readonly token: string;
}

/** A name that every serving certificate of ours has. */
export const SERVER_NAME = 'kubernetes';

/** What to expect in the certificate when the URL's own host is not in it (a tunnel, a published port, another address). */
export function serverNameFor(url: string, certificate: X509Certificate): string | undefined {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const known = isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host);
  return known === undefined ? SERVER_NAME : undefined;
}

export function guestKubeconfig({ cluster, url, ca, serverName, name, namespace, token }: GuestAccess): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: cluster,
        cluster: {
          'certificate-authority-data': Buffer.from(ca).toString('base64'),
          server: url,
          ...(serverName === undefined ? {} : { 'tls-server-name': serverName }),
        },
      },
    ],
    contexts: [{ name: cluster, context: { cluster, user: name, namespace } }],
    'current-context': cluster,
    users: [{ name, user: { token } }],
  });
}

/** Writes it whole or not at all, for its owner's eyes. */
export function writePrivately(file: string, text: string): void {
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}.tmp`;
  fs.writeFileSync(temporary, text, { mode: 0o600 });
  fs.renameSync(temporary, file);
}
