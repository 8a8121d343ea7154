/**
 * Tokens of guests, and of those who only have a join link yet. A guest whose Secret is gone is nobody from that moment on.
 */
import type { TokenLookup } from '../auth/authenticators/request-authenticator.ts';
import type { UserInfo } from '../auth/identity.ts';
import { SECRETS } from '../auth/resource-refs.ts';
import type { ServerContext } from '../server/context.ts';
import {
  GUEST_SECRET_PREFIX,
  GUESTS_GROUP,
  type GuestRecord,
  INVITED_GROUP,
  readGuest,
  readToken,
  sameHash,
} from './guest-record.ts';

/** The name of whoever has a link but no token: may fetch a token, and nothing else. */
export const INVITED_PREFIX = 'system:regatta:invited:';

export class GuestTokens implements TokenLookup {
  constructor(private readonly server: Pick<ServerContext, 'get' | 'clock'>) {}

  userOf(text: string): UserInfo | undefined {
    const token = readToken(text);
    if (!token) return undefined;
    const guest = readGuest(this.server.get(SECRETS, 'kube-system', GUEST_SECRET_PREFIX + token.name));
    if (!guest || guest.expiresAt <= this.server.clock.now()) return undefined;
    return token.kind === 'token' ? guestUser(guest, token.secret) : this.#invited(guest, token.secret);
  }

  #invited({ name, link }: GuestRecord, secret: string): UserInfo | undefined {
    if (!link || link.expiresAt <= this.server.clock.now() || !sameHash(link.hash, secret)) return undefined;
    return { name: INVITED_PREFIX + name, groups: [INVITED_GROUP] };
  }
}

function guestUser({ name, team, tokens }: GuestRecord, secret: string): UserInfo | undefined {
  if (!tokens.some((hash) => sameHash(hash, secret))) return undefined;
  return { name, groups: team === undefined ? [GUESTS_GROUP] : [GUESTS_GROUP, `regatta:team:${team}`] };
}
