export type { KeyPair } from './key-pair.ts';
export { type KubeconfigOptions, kubeconfig, writeKubeconfig } from './kubeconfig.ts';
export { ensurePki, type Pki, PkiError, type PkiOptions, RENEWAL_MS } from './pki.ts';
