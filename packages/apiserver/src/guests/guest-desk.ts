/**
 * Invites guests, lets them in once, and shows them out.
 *
 * Owns: the Secrets of guests, their bindings, and what an invitation puts into a namespace. Invariants: an invitation
 * that is repeated changes what a guest may do, never ends who they are; a link lets one in once; whoever is shown out is
 * nobody from the moment their Secret is gone, on every server, and what they have open is cut there.
 */
import { type Namespace, type Secret, statusErrors } from '@regatta/api';
import type { Timer } from '@regatta/runtime';
import { objectsIn } from '../admission/current-objects.ts';
import { type Authorizer, nonResourceRequest, type UserInfo } from '../auth/identity.ts';
import { CLUSTER_ROLES, NAMESPACES, SECRETS } from '../auth/resource-refs.ts';
import type { ResourceRegistry } from '../registry/resource-registry.ts';
import { Seed } from '../registry/seed.ts';
import type { ServerContext } from '../server/context.ts';
import type { Presence } from '../server/presence.ts';
import { storageKey } from '../storage/object-storage.ts';
import { bindingsOf, GUEST_LABEL, namespaceObjects, powerBinding } from './guest-objects.ts';
import {
  GUEST_LIMITS,
  GUEST_SECRET_PREFIX,
  type GuestRecord,
  guestSecret,
  hashOf,
  newSecret,
  readGuest,
  sameHash,
  tokenText,
} from './guest-record.ts';
import { INVITED_PREFIX } from './guest-tokens.ts';
import { POWERS, type Power, powerRole } from './powers.ts';

export interface Invitation {
  readonly name: string;
  readonly team?: string | undefined;
  readonly powers: readonly Power[];
  /** Real milliseconds. */
  readonly stayMs: number;
}

/** Whoever holds these is the guest: told once, kept as hashes. */
export interface Invited {
  readonly guest: GuestRecord;
  readonly token: string;
  readonly linkSecret: string;
}

export interface GuestDeskOptions {
  readonly server: ServerContext;
  readonly resources: ResourceRegistry;
  readonly authorizer: Authorizer;
  readonly presence: Presence;
  /** Fewer than GUEST_LIMITS.guests, for tests. */
  readonly most?: number;
}

/** Real milliseconds between looks for guests whose time is over. */
const SWEEP_MS = 2_000;
const RBAC_GROUP = 'rbac.authorization.k8s.io';

export class GuestDesk {
  readonly #options: GuestDeskOptions;
  readonly #seed: Seed;
  readonly #unfollow: () => void;
  #sweep: Timer;

  constructor(options: GuestDeskOptions) {
    this.#options = options;
    this.#seed = new Seed(options.server, options.resources);
    this.#unfollow = options.server.storage.onEvent(storageKey('', SECRETS.resource), ({ type, current }) => {
      const { name, namespace } = current.object.metadata;
      if (type !== 'DELETED' || namespace !== 'kube-system' || !name.startsWith(GUEST_SECRET_PREFIX)) return;
      options.presence.cutOff(name.slice(GUEST_SECRET_PREFIX.length));
    });
    this.#sweep = this.#cutExpired();
  }

  close(): void {
    this.#unfollow();
    this.#sweep.cancel();
  }

  /** Whose time is over is refused anyway; what they have open ends here. */
  #cutExpired(): Timer {
    const now = this.#options.server.clock.now();
    for (const { name, expiresAt } of this.list()) if (expiresAt <= now) this.#options.presence.cutOff(name);
    return this.#options.server.clock.real.setTimer(SWEEP_MS, () => {
      this.#sweep = this.#cutExpired();
    });
  }

  list(): readonly GuestRecord[] {
    return objectsIn(this.#options.server.storage, SECRETS, 'kube-system').flatMap((secret) => {
      const guest = readGuest(secret);
      return guest ? [guest] : [];
    });
  }

  /** @throws StatusError 403 (too many guests, or powers that the host lacks), 409 (the name is taken) */
  async invite(invitation: Invitation, host: UserInfo): Promise<Invited> {
    const { name, team } = invitation;
    this.#requireHeld(invitation.powers, host);
    const namespace = team ?? name;
    this.#requireFree(namespace);
    const before = this.#find(name);
    if (!before) await this.#makeRoom(name);
    const [token, linkSecret] = [newSecret(), newSecret()];
    const guest = await this.#keep(name, (standing) =>
      this.#renewed(invitation, host.name, token, linkSecret, standing),
    );
    for (const { group, resource, object } of namespaceObjects(namespace)) {
      await this.#seed.ensure(group, resource, object);
    }
    await this.#bind(guest, before);
    return { guest, token: tokenText('token', name, token), linkSecret };
  }

  /** Lets in whoever came with a link. @throws StatusError 401 when somebody was in with it before */
  async accept(
    { name: user }: UserInfo,
    linkSecret: string,
  ): Promise<{ readonly guest: GuestRecord; readonly token: string }> {
    const name = user.startsWith(INVITED_PREFIX) ? user.slice(INVITED_PREFIX.length) : '';
    const secret = newSecret();
    const now = this.#options.server.clock.now();
    const guest = await this.#keep(name, (standing) => {
      if (!standing?.link || !sameHash(standing.link.hash, linkSecret)) throw statusErrors.unauthorized();
      const { link: _used, ...rest } = standing;
      return { ...rest, joinedAt: now, tokens: withToken(standing.tokens, secret) };
    });
    return { guest, token: tokenText('token', name, secret) };
  }

  /** @throws StatusError 404 */
  async revoke(name: string): Promise<GuestRecord> {
    const guest = this.#find(name);
    if (!guest) throw statusErrors.notFound({ group: '', resource: 'guests' }, name);
    await this.#seed.remove('', SECRETS.resource, 'kube-system', GUEST_SECRET_PREFIX + name);
    await this.#unbind({ ...guest, powers: POWERS });
    return guest;
  }

  /** Whose time is over makes room. @throws StatusError 403 when nobody's is */
  async #makeRoom(name: string): Promise<void> {
    const most = this.#options.most ?? GUEST_LIMITS.guests;
    const guests = this.list();
    if (guests.length < most) return;
    const over = guests.filter(({ expiresAt }) => expiresAt <= this.#options.server.clock.now());
    if (over.length === 0) throw refused(name, `there are ${most} guests already`);
    for (const guest of over) await this.revoke(guest.name);
  }

  #find(name: string): GuestRecord | undefined {
    return readGuest(this.#options.server.get(SECRETS, 'kube-system', GUEST_SECRET_PREFIX + name));
  }

  /** Nobody gives what they don't have. */
  #requireHeld(powers: readonly Power[], host: UserInfo): void {
    const { server, authorizer } = this.#options;
    for (const power of powers) {
      const rules = server.get(CLUSTER_ROLES, '', powerRole(power))?.rules ?? [];
      for (const { verbs = [], nonResourceURLs = [] } of rules) {
        for (const path of nonResourceURLs)
          for (const verb of verbs) requireAllowed(authorizer, host, verb, path, power);
      }
    }
  }

  /** A namespace that was there before belongs to somebody. */
  #requireFree(name: string): void {
    const standing: Namespace | undefined = this.#options.server.get(NAMESPACES, '', name);
    if (!standing) return;
    if (standing.metadata.deletionTimestamp !== undefined)
      throw statusErrors.conflict(NAMESPACES, name, 'the namespace is just being removed; try again when it is gone');
    if (standing.metadata.labels?.[GUEST_LABEL] !== 'true')
      throw statusErrors.conflict(NAMESPACES, name, "the namespace exists and is no guest's; choose another name");
  }

  #renewed(
    { name, team, powers, stayMs }: Invitation,
    host: string,
    token: string,
    linkSecret: string,
    standing: GuestRecord | undefined,
  ): GuestRecord {
    const now = this.#options.server.clock.now();
    return {
      name,
      namespace: team ?? name,
      ...(team === undefined ? {} : { team }),
      powers,
      invitedBy: host,
      invitedAt: now,
      expiresAt: now + stayMs,
      ...(standing?.joinedAt === undefined ? {} : { joinedAt: standing.joinedAt }),
      tokens: withToken(standing?.tokens ?? [], token),
      link: { hash: hashOf(linkSecret), expiresAt: now + Math.min(stayMs, GUEST_LIMITS.linkMs) },
    };
  }

  async #keep(name: string, change: (standing: GuestRecord | undefined) => GuestRecord): Promise<GuestRecord> {
    const { storage } = this.#options.server;
    const key = storageKey('', SECRETS.resource, 'kube-system', GUEST_SECRET_PREFIX + name);
    const made: { guest?: GuestRecord } = {};
    await storage.update<Secret>(key, (current) => {
      const standing = readGuest(current?.object);
      if (current && !standing) throw statusErrors.conflict(SECRETS, name, "the Secret of this name is not a guest's");
      const guest = change(standing);
      made.guest = guest;
      const fresh = guestSecret(guest) as Secret;
      return current
        ? { ...current.object, ...(fresh.data ? { data: fresh.data } : {}) }
        : this.#seed.fresh('', 'secrets', fresh);
    });
    if (!made.guest) throw new TypeError('an update without a decision');
    return made.guest;
  }

  /** Gives the guest's rights; takes those that an earlier invitation gave and this one does not. */
  async #bind(guest: GuestRecord, before: GuestRecord | undefined): Promise<void> {
    for (const { group, resource, object } of bindingsOf(guest)) await this.#seed.replace(group, resource, object);
    if (!before) return;
    const lost = before.powers.filter((power) => !guest.powers.includes(power));
    for (const power of lost)
      await this.#seed.remove(RBAC_GROUP, 'clusterrolebindings', undefined, powerBinding(guest.name, power));
    if (before.namespace !== guest.namespace)
      await this.#seed.remove(RBAC_GROUP, 'rolebindings', before.namespace, `regatta:guest:${guest.name}`);
  }

  async #unbind(guest: GuestRecord): Promise<void> {
    for (const { group, resource, object } of bindingsOf(guest)) {
      await this.#seed.remove(group, resource, object.metadata.namespace, object.metadata.name);
    }
  }
}

function requireAllowed(authorizer: Authorizer, user: UserInfo, verb: string, pattern: string, power: Power): void {
  const decision = authorizer.authorize(nonResourceRequest(user, verb, pattern.replace(/\*$/, 'any')));
  if (decision.verdict !== 'allow') throw refused(user.name, `who lacks the power ${power} can't give it`);
}

function refused(name: string, why: string): Error {
  return statusErrors.forbidden({ group: '', resource: 'guests' }, name, why);
}

function withToken(tokens: readonly string[], secret: string): string[] {
  return [...tokens, hashOf(secret)].slice(-GUEST_LIMITS.tokens);
}
