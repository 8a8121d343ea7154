/**
 * What a server does between listening and being ready, each a check of its health under upstream's name for it
 * (upstream: AddPostStartHook across pkg/controlplane, kube-aggregator, apiextensions-apiserver). Those of upstream that have
 * no counterpart here are left out: a check that nothing can fail says nothing.
 */
import type { Health } from './health.ts';

/** In the order in which upstream's server tells them. */
const HOOKS = [
  'start-apiserver-admission-initializer',
  'priority-and-fairness-config-consumer',
  'start-apiextensions-controllers',
  'crd-informer-synced',
  'start-system-namespaces-controller',
  'start-cluster-authentication-info-controller',
  'rbac/bootstrap-roles',
  'scheduling/bootstrap-system-priority-classes',
  'priority-and-fairness-config-producer',
  'bootstrap-controller',
  'apiservice-status-local-available-controller',
  'apiservice-status-remote-available-controller',
  'apiservice-registration-controller',
  'apiservice-discovery-controller',
  'kube-apiserver-autoregistration',
  'apiservice-openapi-controller',
  'apiservice-openapiv3-controller',
] as const;

export type StartHook = (typeof HOOKS)[number];

export class StartHooks {
  readonly #done = new Set<StartHook>();
  #stopping = false;

  constructor(health: Health) {
    for (const hook of HOOKS) {
      health.add({ name: `poststarthook/${hook}`, check: () => (this.#done.has(hook) ? undefined : 'not finished') });
      if (hook !== 'kube-apiserver-autoregistration') continue;
      health.add({
        name: 'autoregister-completion',
        check: () => (this.#done.has(hook) ? undefined : 'missing APIService'),
      });
    }
    health.add({
      name: 'shutdown',
      readinessOnly: true,
      check: () => (this.#stopping ? 'process is shutting down' : undefined),
    });
  }

  done(...hooks: readonly StartHook[]): void {
    for (const hook of hooks) this.#done.add(hook);
  }

  /** From now on the server is not ready any more. */
  stopping(): void {
    this.#stopping = true;
  }
}
