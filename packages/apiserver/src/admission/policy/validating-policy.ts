/**
 * ValidatingAdmissionPolicy: policies whose expressions a request must satisfy, where a binding puts them in force
 * (upstream: staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/{generic,validating}).
 *
 * Owns the compiled policies and their bindings, kept in step with the stored ones. Invariant: without bindings a request costs
 * one comparison.
 */
import {
  type KubeObject,
  labelSelectorFrom,
  type Namespace,
  parseApiVersion,
  type ResourceRef,
  type Status,
  StatusError,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
} from '@regatta/api';
import { followObjects } from '../../auth/follow-objects.ts';
import type { Authorizer } from '../../auth/identity.ts';
import { NAMESPACES } from '../../auth/resource-refs.ts';
import type { ResourceRegistry } from '../../registry/resource-registry.ts';
import type { ServerContext } from '../../server/context.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import { admissionForbidden, withCause } from '../admission-error.ts';
import { type RequestMatcher, requestMatcher } from './match-request.ts';
import type { PolicyProgram, Violation } from './policy-program.ts';
import { reviewRequest } from './review-request.ts';

const GROUP = { group: 'admissionregistration.k8s.io', version: 'v1', namespaced: false } as const;
export const VALIDATING_POLICIES: ResourceRef<ValidatingAdmissionPolicy> = {
  ...GROUP,
  resource: 'validatingadmissionpolicies',
  kind: 'ValidatingAdmissionPolicy',
};
const BINDINGS: ResourceRef<ValidatingAdmissionPolicyBinding> = {
  ...GROUP,
  resource: 'validatingadmissionpolicybindings',
  kind: 'ValidatingAdmissionPolicyBinding',
};

export interface PolicyParts {
  readonly server: ServerContext;
  readonly authorizer: Authorizer;
  /** Where parameters are found. */
  readonly resources: ResourceRegistry;
}

type Match = ValidatingAdmissionPolicy['spec']['matchConstraints'];

interface Policy {
  readonly policy: ValidatingAdmissionPolicy;
  readonly matches: RequestMatcher;
  program?: PolicyProgram;
}

interface Binding {
  readonly binding: ValidatingAdmissionPolicyBinding;
  readonly matches: RequestMatcher | undefined;
}

/** How HTTP says each reason. */
const CODES: Readonly<Record<string, number>> = {
  Unauthorized: 401,
  Forbidden: 403,
  RequestEntityTooLarge: 413,
  Invalid: 422,
};

export class ValidatingAdmissionPolicyPlugin implements AdmissionPlugin {
  readonly name = 'ValidatingAdmissionPolicy';
  readonly #parts: PolicyParts;
  readonly #policies = new Map<string, Policy>();
  readonly #bindings = new Map<string, Binding>();

  constructor(parts: PolicyParts) {
    this.#parts = parts;
    const { server } = parts;
    followObjects(server.storage, VALIDATING_POLICIES, {
      set: (policy) => {
        const matches = matcherOf(server, policy.spec.matchConstraints) ?? (() => false);
        this.#policies.set(policy.metadata.name, { policy, matches });
      },
      remove: ({ metadata }) => void this.#policies.delete(metadata.name),
    });
    followObjects(server.storage, BINDINGS, {
      set: (binding) => {
        const matches = matcherOf(server, binding.spec.matchResources);
        this.#bindings.set(binding.metadata.name, { binding, matches });
      },
      remove: ({ metadata }) => void this.#bindings.delete(metadata.name),
    });
  }

  handles(attributes: AdmissionAttributes): boolean {
    if (this.#bindings.size === 0 || this.#policies.size === 0) return false;
    return [...this.#policies.values()].some(({ matches }) => matches(attributes));
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    const [{ PolicyProgram }, { requestValues }, { CostMeter, RUNTIME_BUDGET }] = await Promise.all([
      import('./policy-program.ts'),
      import('./expressions.ts'),
      import('@regatta/cel'),
    ]);
    const { server, authorizer } = this.#parts;
    const request = reviewRequest(attributes, server.random.uuid());
    const namespaceObject = attributes.namespace && server.get<Namespace>(NAMESPACES, '', attributes.namespace);
    for (const { policy: entry, binding } of this.#inForce(attributes)) {
      const { policy } = entry;
      entry.program ??= new PolicyProgram(policy.spec);
      const params = await this.#paramsOf(policy, binding, attributes);
      if (params instanceof Error) {
        this.#decide(attributes, policy, binding, [{ message: params.message, reason: 'Invalid', isError: true }]);
        continue;
      }
      for (const one of params) {
        const values = requestValues({ attributes, request, params: one, namespaceObject, authorizer });
        const held = entry.program.conditions?.(values) ?? true;
        if (held === false) continue;
        const violations =
          held instanceof Error
            ? [{ message: held.message, reason: 'Invalid', isError: true }]
            : entry.program.violations(values, new CostMeter(RUNTIME_BUDGET));
        this.#decide(attributes, policy, binding, violations);
      }
    }
  }

  /** In the order of policies' and bindings' names. */
  #inForce(attributes: AdmissionAttributes): { policy: Policy; binding: ValidatingAdmissionPolicyBinding }[] {
    const sorted = [...this.#bindings.values()].sort((a, b) =>
      a.binding.metadata.name < b.binding.metadata.name ? -1 : 1,
    );
    return sorted.flatMap(({ binding, matches }) => {
      const policy = this.#policies.get(binding.spec.policyName);
      if (!policy?.matches(attributes) || matches?.(attributes) === false) return [];
      return [{ policy, binding }];
    });
  }

  /** One for each object that parametrizes the policy; `[undefined]` for a policy without parameters. */
  async #paramsOf(
    { spec, metadata }: ValidatingAdmissionPolicy,
    binding: ValidatingAdmissionPolicyBinding,
    attributes: AdmissionAttributes,
  ): Promise<readonly (KubeObject | undefined)[] | Error> {
    const { paramRef } = binding.spec;
    if (!spec.paramKind || !paramRef) return [undefined];
    const { group, version } = parseApiVersion(spec.paramKind.apiVersion ?? '') ?? { group: '', version: '' };
    const resource = this.#parts.resources.ofKind(group, version, spec.paramKind.kind ?? '');
    if (!resource) {
      const kind = `${spec.paramKind.apiVersion}, Kind=${spec.paramKind.kind}`;
      return new Error(`failed to configure policy: failed to find resource referenced by paramKind: '${kind}'`);
    }
    const namespace = resource.namespaced ? paramRef.namespace || attributes.namespace : '';
    if (resource.namespaced && namespace === '') {
      return new Error(
        'failed to configure binding: cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
      );
    }
    const storage = resource.custom?.storage ?? this.#parts.server.storage;
    const found = paramRef.name
      ? [await storage.fetch(resource.key(namespace, paramRef.name))]
      : (await storage.list(resource.prefix(namespace), { matches: selecting(paramRef.selector) })).items;
    const objects = found.flatMap((stored) => (stored ? [resource.fromHub(stored.object)] : []));
    if (objects.length > 0) return objects;
    if (paramRef.parameterNotFoundAction === 'Allow') return [];
    return new Error(
      `failed to configure binding: no params found for policy binding with \`Deny\` parameterNotFoundAction (policy ${metadata.name})`,
    );
  }

  /** @throws StatusError when the binding says that violations are denied */
  #decide(
    attributes: AdmissionAttributes,
    { spec, metadata }: ValidatingAdmissionPolicy,
    { spec: { validationActions }, metadata: { name: binding } }: ValidatingAdmissionPolicyBinding,
    violations: readonly Violation[],
  ): void {
    const counted = violations.filter(({ isError }) => !isError || spec.failurePolicy !== 'Ignore');
    for (const { message, reason } of counted) {
      if (validationActions.includes('Warn')) {
        attributes.warn(
          `Validation failed for ValidatingAdmissionPolicy '${metadata.name}' with binding '${binding}': ${message}`,
        );
      }
      if (!validationActions.includes('Deny')) continue;
      const text = `ValidatingAdmissionPolicy '${metadata.name}' with binding '${binding}' denied request: ${message}`;
      throw refusal(attributes, text, reason);
    }
  }
}

function matcherOf(server: ServerContext, match: Match): RequestMatcher | undefined {
  if (!match) return undefined;
  const { resourceRules, excludeResourceRules, matchPolicy, namespaceSelector, objectSelector } = match;
  // A binding without rules narrows by its selectors alone.
  const everything = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*', '*/*'] }];
  return requestMatcher(server, {
    rules: resourceRules?.length ? resourceRules : everything,
    excluded: excludeResourceRules ?? [],
    matchPolicy,
    namespaceSelector,
    objectSelector,
  });
}

function selecting(selector: Parameters<typeof labelSelectorFrom>[0] | undefined): (object: KubeObject) => boolean {
  const matcher = selector && labelSelectorFrom(selector);
  return (object) => !matcher || matcher.matches(object.metadata.labels);
}

function refusal(attributes: AdmissionAttributes, message: string, reason: string): StatusError {
  const { status } = withCause(admissionForbidden(attributes, message), { message });
  return new StatusError({ ...status, reason, code: CODES[reason] ?? 422 } as Status);
}
