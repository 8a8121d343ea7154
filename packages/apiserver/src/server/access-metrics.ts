/**
 * Figures of authentication and authorization, under upstream's names
 * (upstream: staging/src/k8s.io/apiserver/pkg/endpoints/filters/metrics.go).
 */
import type { Counter, Histogram, MetricsRegistry } from '@regatta/runtime';
import type { Decision } from '../auth/identity.ts';

const SECONDS = Array.from({ length: 15 }, (_, i) => 0.001 * 2 ** i);
/** Those whose names are told; everybody else is `other`, or there would be a series for each name. */
const KNOWN_USERS: ReadonlySet<string> = new Set([
  ...['admin', 'client', 'kube_proxy', 'kubelet', 'system:serviceaccount:kube-system:default'],
]);
const RESULTS = { allow: 'allowed', deny: 'denied', 'no-opinion': 'no-opinion' } as const;

interface Measured {
  readonly count: Counter;
  readonly seconds: Histogram;
}

export class AccessMetrics {
  readonly #authentication: Readonly<Record<'success' | 'failure', () => Measured>>;
  readonly #authorization: Readonly<Record<Decision['verdict'], () => Measured>>;
  readonly #users: (name: string) => Counter;

  constructor(registry: MetricsRegistry) {
    const users = registry.counter(
      'authenticated_user_requests',
      '[ALPHA] Counter of authenticated requests broken out by username.',
      ['username'],
    );
    this.#users = (name) => users.with(name);
    const attempts = registry.counter('authentication_attempts', '[ALPHA] Counter of authenticated attempts.', [
      'result',
    ]);
    const authenticated = registry.histogram(
      'authentication_duration_seconds',
      '[ALPHA] Authentication duration in seconds broken out by result.',
      ['result'],
      SECONDS,
    );
    const decisions = registry.counter(
      'authorization_attempts_total',
      "[ALPHA] Counter of authorization attempts broken down by result. It can be either 'allowed', 'denied', 'no-opinion' or 'error'.",
      ['result'],
    );
    const authorized = registry.histogram(
      'authorization_duration_seconds',
      '[ALPHA] Authorization duration in seconds broken out by result.',
      ['result'],
      SECONDS,
    );
    const authentication = (result: string) =>
      once(() => ({ count: attempts.with(result), seconds: authenticated.with(result) }));
    this.#authentication = { success: authentication('success'), failure: authentication('failure') };
    const authorization = (verdict: Decision['verdict']) =>
      once(() => ({ count: decisions.with(RESULTS[verdict]), seconds: authorized.with(RESULTS[verdict]) }));
    this.#authorization = {
      allow: authorization('allow'),
      deny: authorization('deny'),
      'no-opinion': authorization('no-opinion'),
    };
  }

  /** @param user undefined when the credentials were refused */
  authenticated(user: string | undefined, milliseconds: number): void {
    note(this.#authentication[user === undefined ? 'failure' : 'success'](), milliseconds);
    if (user !== undefined) this.#users(KNOWN_USERS.has(user) ? user : 'other').inc();
  }

  authorized({ verdict }: Decision, milliseconds: number): void {
    note(this.#authorization[verdict](), milliseconds);
  }
}

function note({ count, seconds }: Measured, milliseconds: number): void {
  count.inc();
  seconds.observe(milliseconds / 1000);
}

/** A series that is not there before it is counted in. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
