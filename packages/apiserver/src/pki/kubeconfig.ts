/**
 * The kubeconfig of the cluster's administrator, with everything embedded (upstream: client-go/tools/clientcmd/api/v1).
 */
import { replaceFile } from './files.ts';
import type { Pki } from './pki.ts';

export interface KubeconfigOptions {
  /** Where the API answers: `https://127.0.0.1:6443`. */
  readonly server: string;
  /** Name of the cluster, context and user entry; `regatta` unless told. */
  readonly name?: string;
}

/** The kubeconfig's text. Strings are written as JSON, which YAML contains. */
export function kubeconfig(pki: Pick<Pki, 'ca' | 'admin'>, options: KubeconfigOptions): string {
  const name = options.name ?? 'regatta';
  const quoted = JSON.stringify(name);
  const user = JSON.stringify(`${name}-admin`);
  return [
    'apiVersion: v1',
    'kind: Config',
    'clusters:',
    `- name: ${quoted}`,
    '  cluster:',
    `    certificate-authority-data: ${base64(pki.ca.certificate)}`,
    `    server: ${JSON.stringify(options.server)}`,
    'contexts:',
    `- name: ${quoted}`,
    '  context:',
    `    cluster: ${quoted}`,
    `    user: ${user}`,
    `current-context: ${quoted}`,
    'preferences: {}',
    'users:',
    `- name: ${user}`,
    '  user:',
    `    client-certificate-data: ${base64(pki.admin.certificate)}`,
    `    client-key-data: ${base64(pki.admin.key)}`,
    '',
  ].join('\n');
}

/** Writes the administrator's kubeconfig (0600), whole or not at all. */
export function writeKubeconfig(
  path: string,
  pki: Pick<Pki, 'ca' | 'admin'>,
  options: KubeconfigOptions,
): Promise<void> {
  return replaceFile(path, kubeconfig(pki, options));
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
