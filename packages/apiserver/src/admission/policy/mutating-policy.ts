/**
 * MutatingAdmissionPolicy: policies whose expressions make patches for the objects of requests, where a binding puts them in force
 * (upstream: staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/mutating/dispatcher.go).
 */
import {
  jsonEqual,
  type KubeObject,
  type MutatingAdmissionPolicy,
  type MutatingAdmissionPolicyBinding,
  type ResourceRef,
  type Status,
  StatusError,
} from '@regatta/api';
import type { AdmissionAttributes, AdmissionPlugin, Admitted } from '../admission.ts';
import { admissionForbidden } from '../admission-error.ts';
import { Reinvocations } from '../reinvocation.ts';
import { fromVersion, inVersion, replaceObject } from '../versioned-object.ts';
import type { MutationProgram } from './mutation-program.ts';
import { type Hook, PolicyHooks } from './policy-hooks.ts';
import { ConfigurationError, collectParams, paramResource } from './policy-params.ts';
import type { PolicyParts } from './policy-parts.ts';

const GROUP = { group: 'admissionregistration.k8s.io', version: 'v1', namespaced: false } as const;
const POLICIES: ResourceRef<MutatingAdmissionPolicy> = {
  ...GROUP,
  resource: 'mutatingadmissionpolicies',
  kind: 'MutatingAdmissionPolicy',
};
const BINDINGS: ResourceRef<MutatingAdmissionPolicyBinding> = {
  ...GROUP,
  resource: 'mutatingadmissionpolicybindings',
  kind: 'MutatingAdmissionPolicyBinding',
};

type Modules = readonly [typeof import('./mutation-program.ts'), typeof import('./policy-request.ts')];
type MutatingHook = Hook<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, () => MutationProgram>;

/** A policy in force for a request, with one of its parameters. */
interface Invocation {
  readonly hook: MutatingHook;
  readonly binding: MutatingAdmissionPolicyBinding;
  readonly params: KubeObject | undefined;
  readonly key: string;
}

interface Failure {
  readonly policy: MutatingAdmissionPolicy;
  /** Undefined when the policy itself can't be followed. */
  readonly binding: MutatingAdmissionPolicyBinding | undefined;
  readonly message: string;
  readonly reason?: string;
}

export class MutatingAdmissionPolicyPlugin implements AdmissionPlugin {
  readonly name = 'MutatingAdmissionPolicy';
  readonly #parts: PolicyParts;
  readonly #hooks: PolicyHooks<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, () => MutationProgram>;
  readonly #reinvocations = new Reinvocations<string>();
  #modules: Modules | undefined;

  constructor(parts: PolicyParts) {
    this.#parts = parts;
    this.#hooks = new PolicyHooks(parts, {
      policies: POLICIES,
      bindings: BINDINGS,
      compile: ({ spec }) => {
        let program: MutationProgram | undefined;
        return () => {
          program ??= new (this.#loaded()[0].MutationProgram)(spec);
          return program;
        };
      },
    });
  }

  handles(attributes: AdmissionAttributes): boolean {
    return this.#hooks.concern(attributes);
  }

  async admit(attributes: AdmissionAttributes, again = false): Promise<Admitted> {
    this.#modules ??= await Promise.all([import('./mutation-program.ts'), import('./policy-request.ts')]);
    const failures: Failure[] = [];
    const invocations = await this.#invocations(attributes, failures);
    const reinvocation = this.#reinvocations.of(attributes);
    if (again) reinvocation.again(attributes.object);
    let changed = false;
    for (const invocation of invocations) {
      if (!(await this.#holds(attributes, invocation, failures))) continue;
      if (again && !reinvocation.isDue(invocation.key)) continue;
      if (await this.#invoke(attributes, invocation, failures)) {
        changed = true;
        reinvocation.changed();
      }
      if (invocation.hook.policy.spec.reinvocationPolicy === 'IfNeeded') reinvocation.asked(invocation.key);
    }
    reinvocation.done(attributes.object);
    const counted = failures.filter(({ policy }) => policy.spec.failurePolicy !== 'Ignore');
    if (counted.length > 0) throw refusal(attributes, counted);
    return changed ? 'reinvoke' : undefined;
  }

  #loaded(): Modules {
    if (!this.#modules) throw new TypeError('CEL was not read');
    return this.#modules;
  }

  async #invocations(attributes: AdmissionAttributes, failures: Failure[]): Promise<Invocation[]> {
    const found: Invocation[] = [];
    for (const hook of this.#hooks.about(attributes)) {
      const { policy, bindings } = hook;
      for (const binding of bindings) {
        try {
          const resource = paramResource(this.#parts, policy.spec.paramKind);
          const params = await collectParams(this.#parts, resource, binding.spec.paramRef, attributes);
          for (const one of params) {
            const names = [policy, binding, one].map(
              (object) => object && `${object.metadata.namespace ?? ''}/${object.metadata.name}`,
            );
            found.push({ hook, binding, params: one, key: JSON.stringify(names) });
          }
        } catch (error) {
          if (!(error instanceof ConfigurationError)) throw error;
          failures.push({ policy, binding: error.of === 'binding' ? binding : undefined, message: error.message });
          if (error.of === 'policy') break;
        }
      }
    }
    return found;
  }

  async #holds(attributes: AdmissionAttributes, invocation: Invocation, failures: Failure[]): Promise<boolean> {
    const { hook, binding, params } = invocation;
    const { conditions } = hook.program();
    if (!conditions) return true;
    const { PolicyRequest } = this.#loaded()[1];
    const held = conditions(await new PolicyRequest(this.#parts, attributes, hook.target).values(params));
    if (!(held instanceof Error)) return held;
    failures.push({ policy: hook.policy, binding, message: held.message, reason: 'Invalid' });
    return false;
  }

  /** Applies the mutations one after the other; returns whether they changed the object. */
  async #invoke(attributes: AdmissionAttributes, invocation: Invocation, failures: Failure[]): Promise<boolean> {
    const { object } = attributes;
    if (!object) return false;
    const [{ MutationError }, { PolicyRequest }] = this.#loaded();
    const { hook, binding, params } = invocation;
    const { policy, target } = hook;
    const names = { policy: policy.metadata.name, binding: binding.metadata.name };
    const before = structuredClone(object);
    const program = hook.program();
    for (let i = 0; i < program.length; i++) {
      try {
        const values = await new PolicyRequest(this.#parts, attributes, target).values(params);
        const versioned = await inVersion(attributes, target, object);
        const mutated = program.mutate(i, values, target, versioned);
        if (mutated !== versioned) replaceObject(object, await fromVersion(attributes, target, mutated, true));
        this.#parts.metrics.mutated(names, 'no_error');
      } catch (error) {
        if (error instanceof StatusError) this.#parts.metrics.mutated(names, 'invalid_error');
        if (!(error instanceof MutationError)) throw error;
        this.#parts.metrics.mutated(names, error.outOfBudget ? 'out_of_budget' : 'invalid_error');
        failures.push({ policy, binding, message: error.message, reason: 'Invalid' });
      }
    }
    return !jsonEqual(before, object);
  }
}

/** The first failure speaks, all are told as causes. */
function refusal(attributes: AdmissionAttributes, failures: readonly Failure[]): StatusError {
  const { status } = admissionForbidden(attributes, 'admission request denied by policy');
  const messages = failures.map(failureText);
  const [first] = failures;
  const causes = [...(status.details?.causes ?? []), ...messages.map((message) => ({ message }))];
  return new StatusError({
    ...status,
    message: messages[0] ?? '',
    reason: first?.reason ?? status.reason,
    details: { ...status.details, causes },
  } as Status);
}

function failureText({ policy, binding, message }: Failure): string {
  const name = policy.metadata.name;
  if (!binding) return `policy ${JSON.stringify(name)} denied request: ${message}`;
  return `policy '${name}' with binding '${binding.metadata.name}' denied request: ${message}`;
}
