/**
 * May this client publish to, or subscribe to, a subject? Deny wins, as in nats-server. Answers for publishing are remembered, at most CACHE_LIMIT of them.
 */
import type { SubjectPermissions } from '../identity/permissions.ts';
import { covers, hasEmptyToken, hasWildcard } from './subject-match.ts';

const CACHE_LIMIT = 4096;

export class PermissionCheck {
  readonly #cache = new Map<string, boolean>();

  constructor(readonly permissions: SubjectPermissions) {}

  /** For a literal subject. */
  allows(subject: string): boolean {
    const known = this.#cache.get(subject);
    if (known !== undefined) return known;
    const { allow, deny } = this.permissions;
    const allowed =
      !hasEmptyToken(subject) &&
      allow.some((pattern) => covers(pattern, subject)) &&
      !deny.some((pattern) => covers(pattern, subject));
    if (this.#cache.size >= CACHE_LIMIT) this.#cache.clear();
    this.#cache.set(subject, allowed);
    return allowed;
  }

  /** For a pattern: a wider denial refuses it; a narrower one is looked at with each message. */
  allowsPattern(pattern: string): boolean {
    return this.allows(pattern);
  }

  /** Whether messages for `pattern` must each be checked against a denial. */
  filters(pattern: string): boolean {
    return this.permissions.deny.length > 0 && hasWildcard(pattern);
  }
}
