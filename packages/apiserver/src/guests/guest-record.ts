/**
 * What is kept of a guest: a Secret `regatta-guest-<name>` in kube-system, which only administrators read. Of what opens
 * doors it holds hashes alone.
 *
 * Tokens are `rgt.<name>.<secret>`, the secret of a join link stands for `rgi.<name>.<secret>`; 256 bits each.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { KubeObject, Secret } from '@regatta/api';
import type { Power } from './powers.ts';

export const GUEST_LIMITS = {
  guests: 200,
  /** Tokens of one guest; one more takes the place of the oldest. */
  tokens: 5,
  /** How long a join link waits for its guest, real milliseconds. */
  linkMs: 24 * 3600 * 1000,
  /** How long a guest may stay unless told, and at most. */
  stayMs: 24 * 3600 * 1000,
  longestStayMs: 30 * 24 * 3600 * 1000,
  nameLength: 40,
} as const;

export const GUESTS_GROUP = 'regatta:guests';
export const INVITED_GROUP = 'regatta:invited';
export const GUEST_SECRET_PREFIX = 'regatta-guest-';
const GUEST_SECRET_TYPE = 'regatta/guest';
const TOKEN = /^(rgt|rgi)\.([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\.([A-Za-z0-9_-]{43})$/;

export interface GuestRecord {
  readonly name: string;
  readonly namespace: string;
  readonly team?: string;
  readonly powers: readonly Power[];
  readonly invitedBy: string;
  /** Epoch milliseconds, real time. */
  readonly invitedAt: number;
  readonly expiresAt: number;
  readonly joinedAt?: number;
  /** Hashes, the oldest first. */
  readonly tokens: readonly string[];
  readonly link?: { readonly hash: string; readonly expiresAt: number };
}

export interface ReadToken {
  readonly kind: 'token' | 'link';
  readonly name: string;
  readonly secret: string;
}

export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64');
}

export function sameHash(kept: string, secret: string): boolean {
  return timingSafeEqual(Buffer.from(kept, 'base64'), Buffer.from(hashOf(secret), 'base64'));
}

export function tokenText(kind: ReadToken['kind'], name: string, secret: string): string {
  return `${kind === 'token' ? 'rgt' : 'rgi'}.${name}.${secret}`;
}

export function readToken(text: string): ReadToken | undefined {
  const [, kind, name, secret] = TOKEN.exec(text) ?? [];
  if (name === undefined || secret === undefined || name.length > GUEST_LIMITS.nameLength) return undefined;
  return { kind: kind === 'rgt' ? 'token' : 'link', name, secret };
}

const READ = new WeakMap<Secret, GuestRecord>();

/** The record that a Secret holds; undefined when it is somebody else's Secret of that name. */
export function readGuest(secret: Secret | undefined): GuestRecord | undefined {
  if (!secret || secret.type !== GUEST_SECRET_TYPE || secret.metadata.deletionTimestamp !== undefined) return undefined;
  const known = READ.get(secret);
  if (known) return known;
  const record = JSON.parse(Buffer.from(secret.data?.['guest'] ?? '', 'base64').toString()) as GuestRecord;
  READ.set(secret, record);
  return record;
}

export function guestSecret(record: GuestRecord): KubeObject {
  const secret: Secret = {
    kind: 'Secret',
    apiVersion: 'v1',
    metadata: { name: GUEST_SECRET_PREFIX + record.name, namespace: 'kube-system' },
    type: GUEST_SECRET_TYPE,
    data: { guest: Buffer.from(JSON.stringify(record)).toString('base64') },
  };
  return secret as KubeObject;
}
