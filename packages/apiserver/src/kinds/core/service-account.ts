/**
 * Service accounts (upstream: pkg/registry/core/serviceaccount/strategy.go).
 */
import type { ServiceAccount } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';

const ENFORCE = 'kubernetes.io/enforce-mountable-secrets';

export const serviceAccountStrategy: Strategy<ServiceAccount> = {
  prepareForCreate: keepSecretNames,
  prepareForUpdate: keepSecretNames,
  warnings({ metadata }, old) {
    const value = metadata.annotations?.[ENFORCE];
    if (value === undefined || old?.metadata.annotations?.[ENFORCE] === value) return [];
    return [
      `metadata.annotations[${ENFORCE}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
    ];
  },
};

/** Of the references to secrets only the name counts. */
function keepSecretNames(account: ServiceAccount): void {
  if (!account.secrets) return;
  account.secrets = account.secrets.map(({ name }) => (name ? { name } : {}));
}
