/**
 * Begins a trail for each request that somebody wants to know of.
 */
import type { Clock } from '@regatta/runtime';
import type { UserInfo } from '../auth/identity.ts';
import type { ServerRequest } from '../server/exchange.ts';
import type { RequestInfo } from '../server/request-info.ts';
import type { AuditSink } from './audit-sink.ts';
import { AuditTrail, type Subscription } from './audit-trail.ts';

/** What is said there opens doors, whatever a policy asks for. */
const SECRET_PATHS = ['/regatta/v1/guests', '/regatta/v1/join'];

export class Auditor {
  readonly #clock: Pick<Clock, 'now'>;

  constructor(
    readonly sinks: readonly AuditSink[],
    clock: Pick<Clock, 'now'>,
  ) {
    this.#clock = clock;
  }

  /** Undefined when nobody wants to know of it: the way of nearly everything that components do. */
  begin(auditId: string, request: ServerRequest, info: RequestInfo, user: UserInfo): AuditTrail | undefined {
    let subscriptions: Subscription[] | undefined;
    for (const sink of this.sinks) {
      const verdict = sink.verdict(user, info);
      if (verdict.level === 'None') continue;
      subscriptions ??= [];
      const bodyless = SECRET_PATHS.some((path) => info.path.startsWith(path));
      subscriptions.push({ sink, verdict: bodyless ? { ...verdict, level: 'Metadata' } : verdict });
    }
    if (!subscriptions) return undefined;
    const now = (): number => this.#clock.now();
    return new AuditTrail({ auditId, request, info, user, receivedAt: now() }, subscriptions, now);
  }
}
