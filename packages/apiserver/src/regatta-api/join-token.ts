/**
 * The token that new machines join with: from a file into a Secret `bootstrap-token-<id>`, as `kubeadm init` leaves one
 * (upstream: cmd/kubeadm/app/apis/bootstraptoken). Deleting the Secret ends the token until the server starts again.
 */
import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { KubeObject, Secret } from '@regatta/api';
import { fillSystemFields } from '../registry/object-metadata.ts';
import type { ServerContext } from '../server/context.ts';
import { storageKey } from '../storage/object-storage.ts';

const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';

export class JoinTokenError extends Error {
  readonly code = 'join-token';
}

/** A new token: 16 secret characters of 36, 82 bits. */
export function newJoinToken(): string {
  const letters = (count: number): string => Array.from({ length: count }, () => ALPHABET[randomInt(36)]).join('');
  return `${letters(6)}.${letters(16)}`;
}

/** @throws JoinTokenError when the file holds no token */
export async function readJoinToken(file: string): Promise<string> {
  const text = (await readFile(file, 'utf8')).trim();
  if (!TOKEN.test(text)) throw new JoinTokenError(`${file} holds no token of the form abcdef.0123456789abcdef`);
  return text;
}

/** Makes the token's Secret, or puts it right. */
export async function ensureJoinToken(server: ServerContext, token: string): Promise<void> {
  const [id = '', secret = ''] = token.split('.');
  const name = `bootstrap-token-${id}`;
  const data = encoded({
    'token-id': id,
    'token-secret': secret,
    description: 'Machines of this cluster join with it.',
    'usage-bootstrap-authentication': 'true',
  });
  await server.storage.update<Secret>(storageKey('', 'secrets', 'kube-system', name), (current) => {
    if (current)
      return JSON.stringify(current.object.data) === JSON.stringify(data) ? 'unchanged' : { ...current.object, data };
    const fresh: Secret = {
      kind: 'Secret',
      apiVersion: 'v1',
      metadata: { name, namespace: 'kube-system' },
      type: 'bootstrap.kubernetes.io/token',
      data,
    };
    fillSystemFields(fresh as KubeObject, server.clock.now(), server.random);
    return fresh;
  });
}

function encoded(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
}
