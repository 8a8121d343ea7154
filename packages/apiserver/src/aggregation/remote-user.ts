/**
 * Who asks, as extension servers are told (upstream: SetAuthProxyHeaders in k8s.io/client-go/transport/round_trippers.go),
 * and what they must know to believe it (upstream: pkg/controlplane/controller/clusterauthenticationtrust).
 */
import type { ConfigMap, KubeObject } from '@regatta/api';
import type { UserInfo } from '../auth/identity.ts';
import type { Pki } from '../pki/mod.ts';

export type Headers = Record<string, string | string[]>;

const USER = 'X-Remote-User';
const UID = 'X-Remote-Uid';
const GROUP = 'X-Remote-Group';
const EXTRA = 'X-Remote-Extra-';
/** Common names of certificates whose headers are believed. */
export const FRONT_PROXY_NAMES: readonly string[] = ['front-proxy-client'];
const OURS = 'x-remote-';

/** The headers with the caller's identity instead of what the caller claims. */
export function withUser(headers: Headers, { name, uid, groups, extra = {} }: UserInfo): Headers {
  const kept = Object.entries(headers).filter(([header]) => !header.toLowerCase().startsWith(OURS));
  const told = Object.entries(extra).map(([key, values]): [string, string[]] => [
    `${EXTRA}${escapedKey(key)}`,
    [...values],
  ]);
  return {
    ...Object.fromEntries(kept),
    [USER]: name,
    ...(uid ? { [UID]: uid } : {}),
    ...(groups.length > 0 ? { [GROUP]: [...groups] } : {}),
    ...Object.fromEntries(told),
  };
}

/** What no header's name can hold is percent-encoded, and so is the percent sign. */
function escapedKey(key: string): string {
  return key.replace(/[^!#$&'*+.^_`|~0-9A-Za-z-]/gu, (character) => {
    const bytes = [...Buffer.from(character)];
    return bytes.map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
  });
}

/** Extension servers read here whom to trust. */
export function authenticationConfigMap({ ca, frontProxyCa }: Pki): ConfigMap & KubeObject {
  return {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' },
    data: {
      'client-ca-file': ca.certificate,
      'requestheader-allowed-names': JSON.stringify(FRONT_PROXY_NAMES),
      'requestheader-client-ca-file': frontProxyCa.certificate,
      'requestheader-extra-headers-prefix': JSON.stringify([EXTRA]),
      'requestheader-group-headers': JSON.stringify([GROUP]),
      'requestheader-uid-headers': JSON.stringify([UID]),
      'requestheader-username-headers': JSON.stringify([USER]),
    },
  };
}
