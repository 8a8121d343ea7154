/**
 * Tokens with which a new machine joins: Secrets `bootstrap-token-<id>` in kube-system
 * (upstream: plugin/pkg/auth/authenticator/token/bootstrap/bootstrap.go).
 */
import { timingSafeEqual } from 'node:crypto';
import type { Secret } from '@regatta/api';
import type { ServerContext } from '../../server/context.ts';
import type { UserInfo } from '../identity.ts';
import { SECRETS } from '../resource-refs.ts';

const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const SECRET_TYPE = 'bootstrap.kubernetes.io/token';
const EXTRA_GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;
const DEFAULT_GROUP = 'system:bootstrappers';

export class BootstrapTokens {
  constructor(private readonly server: Pick<ServerContext, 'get' | 'clock'>) {}

  userOf(token: string): UserInfo | undefined {
    const [, id, secret] = TOKEN.exec(token) ?? [];
    if (id === undefined || secret === undefined) return undefined;
    const found = this.server.get(SECRETS, 'kube-system', `bootstrap-token-${id}`);
    if (!found || !this.#isUsable(found, id, secret)) return undefined;
    const extra = value(found, 'auth-extra-groups').split(',').filter(Boolean);
    if (!extra.every((group) => EXTRA_GROUP.test(group))) return undefined;
    return { name: `system:bootstrap:${id}`, groups: [DEFAULT_GROUP, ...extra] };
  }

  #isUsable(found: Secret, id: string, secret: string): boolean {
    if (found.type !== SECRET_TYPE || found.metadata.deletionTimestamp !== undefined) return false;
    const kept = Buffer.from(value(found, 'token-secret'));
    const given = Buffer.from(secret);
    if (kept.length !== given.length || !timingSafeEqual(kept, given)) return false;
    if (value(found, 'token-id') !== id || value(found, 'usage-bootstrap-authentication') !== 'true') return false;
    const expiration = value(found, 'expiration');
    return expiration === '' || Date.parse(expiration) > this.server.clock.now();
  }
}

function value(secret: Secret, key: string): string {
  return Buffer.from(secret.data?.[key] ?? '', 'base64').toString();
}
