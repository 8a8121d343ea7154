/**
 * Policies and the bindings that put them in force, and which of them a request is subject to
 * (upstream: staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/generic/{policy_source,policy_matcher}.go).
 *
 * Owns them, kept in step with the stored ones. Invariant: without bindings a request costs one comparison.
 */
import type { KubeObject, MatchResources, ParamKind, ParamRef, ResourceRef } from '@regatta/api';
import { followObjects } from '../../auth/follow-objects.ts';
import type { AdmissionAttributes } from '../admission.ts';
import type { Target } from '../versioned-object.ts';
import { type RequestMatcher, requestMatcher } from './match-request.ts';
import type { PolicyParts } from './policy-parts.ts';

export type AnyPolicy = KubeObject & {
  readonly spec: {
    readonly matchConstraints?: MatchResources;
    readonly paramKind?: ParamKind;
    readonly failurePolicy?: string;
  };
};

export type AnyBinding = KubeObject & {
  readonly spec: {
    readonly policyName?: string;
    readonly matchResources?: MatchResources;
    readonly paramRef?: ParamRef;
  };
};

interface Policy<P, C> {
  readonly policy: P;
  readonly matches: RequestMatcher;
  program?: C;
}

interface Binding<B> {
  readonly binding: B;
  readonly matches: RequestMatcher | undefined;
}

/** A policy that a request is subject to. */
export interface Hook<P, B, C> {
  readonly policy: P;
  readonly program: C;
  /** The version in which it knows the objects. */
  readonly target: Target;
  /** In the order of their names; at least one. */
  readonly bindings: readonly B[];
}

export interface HookParts<P extends KubeObject, B extends KubeObject, C> {
  readonly policies: ResourceRef<P>;
  readonly bindings: ResourceRef<B>;
  /** Compiles a policy when the first request is subject to it. */
  compile(policy: P): C;
}

export class PolicyHooks<P extends AnyPolicy, B extends AnyBinding, C> {
  readonly #compile: (policy: P) => C;
  readonly #policies = new Map<string, Policy<P, C>>();
  readonly #bindings = new Map<string, Binding<B>>();

  constructor(parts: PolicyParts, { policies, bindings, compile }: HookParts<P, B, C>) {
    this.#compile = compile;
    const { storage } = parts.server;
    followObjects(storage, policies, {
      set: (policy) => {
        const matches = matcherOf(parts, policy.spec.matchConstraints) ?? (() => undefined);
        this.#policies.set(policy.metadata.name, { policy, matches });
      },
      remove: ({ metadata }) => void this.#policies.delete(metadata.name),
    });
    followObjects(storage, bindings, {
      set: (binding) => {
        this.#bindings.set(binding.metadata.name, { binding, matches: matcherOf(parts, binding.spec.matchResources) });
      },
      remove: ({ metadata }) => void this.#bindings.delete(metadata.name),
    });
  }

  concern(attributes: AdmissionAttributes): boolean {
    if (this.#bindings.size === 0 || this.#policies.size === 0) return false;
    return [...this.#policies.values()].some(({ matches }) => matches(attributes));
  }

  /** In the order of the policies' names. */
  about(attributes: AdmissionAttributes): Hook<P, B, C>[] {
    const policies = [...this.#policies.values()].sort(byName(({ policy }) => policy));
    const bindings = [...this.#bindings.values()].sort(byName(({ binding }) => binding));
    return policies.flatMap((entry) => {
      const { policy, matches } = entry;
      const own = bindings.filter(({ binding }) => binding.spec.policyName === policy.metadata.name);
      const target = own.length > 0 ? matches(attributes) : undefined;
      const inForce = target ? own.filter((one) => !one.matches || one.matches(attributes)) : [];
      if (!target || inForce.length === 0) return [];
      entry.program ??= this.#compile(policy);
      return [{ policy, program: entry.program, target, bindings: inForce.map(({ binding }) => binding) }];
    });
  }
}

function byName<T>(of: (one: T) => KubeObject): (a: T, b: T) => number {
  return (a, b) => (of(a).metadata.name < of(b).metadata.name ? -1 : 1);
}

function matcherOf(parts: PolicyParts, match: MatchResources | undefined): RequestMatcher | undefined {
  if (!match) return undefined;
  const { resourceRules, excludeResourceRules, matchPolicy, namespaceSelector, objectSelector } = match;
  // A binding without rules narrows by its selectors alone.
  const everything = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*', '*/*'] }];
  return requestMatcher(parts, {
    rules: resourceRules?.length ? resourceRules : everything,
    excluded: excludeResourceRules ?? [],
    matchPolicy,
    namespaceSelector,
    objectSelector,
  });
}
