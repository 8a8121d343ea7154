/**
 * ValidatingAdmissionPolicy: policies whose expressions a request must satisfy, where a binding puts them in force
 * (upstream: staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/validating/dispatcher.go).
 */
import {
  type KubeObject,
  type ResourceRef,
  type Status,
  StatusError,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
} from '@regatta/api';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import { admissionForbidden, withCause } from '../admission-error.ts';
import { AnnotationCollector } from './annotation-collector.ts';
import { type Hook, PolicyHooks } from './policy-hooks.ts';
import { ConfigurationError, collectParams, paramResource } from './policy-params.ts';
import type { PolicyParts } from './policy-parts.ts';
import type { PolicyProgram, Violation } from './policy-program.ts';

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

type Modules = readonly [typeof import('./policy-program.ts'), typeof import('./policy-request.ts')];
type ValidatingHook = Hook<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, () => PolicyProgram>;

/** How HTTP says each reason. */
const CODES: Readonly<Record<string, number>> = {
  Unauthorized: 401,
  Forbidden: 403,
  RequestEntityTooLarge: 413,
  Invalid: 422,
};
const FAILURE_KEY = 'validation.policy.admission.k8s.io/validation_failure';

interface Denial {
  readonly policy: string;
  /** Undefined when the policy itself can't be followed. */
  readonly binding: string | undefined;
  readonly message: string;
  readonly reason: string;
}

export class ValidatingAdmissionPolicyPlugin implements AdmissionPlugin {
  readonly name = 'ValidatingAdmissionPolicy';
  readonly #parts: PolicyParts;
  readonly #hooks: PolicyHooks<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, () => PolicyProgram>;
  #modules: Modules | undefined;

  constructor(parts: PolicyParts) {
    this.#parts = parts;
    this.#hooks = new PolicyHooks(parts, {
      policies: VALIDATING_POLICIES,
      bindings: BINDINGS,
      compile: ({ spec }) => {
        let program: PolicyProgram | undefined;
        return () => {
          if (!this.#modules) throw new TypeError('policies are compiled when CEL was read');
          program ??= new this.#modules[0].PolicyProgram(spec);
          return program;
        };
      },
    });
  }

  handles(attributes: AdmissionAttributes): boolean {
    return this.#hooks.concern(attributes);
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    this.#modules ??= await Promise.all([import('./policy-program.ts'), import('./policy-request.ts')]);
    const denials: Denial[] = [];
    for (const hook of this.#hooks.about(attributes)) await this.#judge(attributes, hook, denials);
    const [first] = denials;
    if (first) throw refusal(attributes, first);
  }

  async #judge(attributes: AdmissionAttributes, hook: ValidatingHook, denials: Denial[]): Promise<void> {
    const { policy, bindings } = hook;
    const annotations = new AnnotationCollector(policy.metadata.name);
    let misconfigured: ConfigurationError | undefined;
    for (const binding of misconfigured ? [] : bindings) {
      try {
        await this.#judgeUnder(attributes, hook, binding, annotations, denials);
      } catch (error) {
        if (!(error instanceof ConfigurationError)) throw error;
        if (policy.spec.failurePolicy !== 'Ignore') {
          const named = error.of === 'binding' ? binding.metadata.name : undefined;
          denials.push({ policy: policy.metadata.name, binding: named, message: error.message, reason: '' });
        }
        if (error.of === 'policy') {
          misconfigured = error;
          break;
        }
      }
    }
    annotations.publish(attributes);
  }

  async #judgeUnder(
    attributes: AdmissionAttributes,
    { policy, program, target }: ValidatingHook,
    binding: ValidatingAdmissionPolicyBinding,
    annotations: AnnotationCollector,
    denials: Denial[],
  ): Promise<void> {
    const { PolicyRequest } = this.#loaded()[1];
    const resource = paramResource(this.#parts, policy.spec.paramKind);
    const params = await collectParams(this.#parts, resource, binding.spec.paramRef, attributes);
    const request = new PolicyRequest(this.#parts, attributes, target);
    const fails = policy.spec.failurePolicy !== 'Ignore';
    for (const one of params) {
      const values = await request.values(one);
      const held = program().conditions?.(values) ?? true;
      if (held === false) continue;
      if (held instanceof Error) {
        const error = { index: 0, message: held.message, reason: '', isError: true };
        this.#decide(attributes, policy, binding, [error], denials);
        continue;
      }
      this.#decide(attributes, policy, binding, program().violations(values), denials);
      for (const { key, value } of program().annotations(values)) {
        if (!(value instanceof Error)) annotations.add(key, value);
        else if (fails) denials.push({ ...namesOf(policy, binding), message: value.message, reason: '' });
      }
    }
  }

  #loaded(): Modules {
    if (!this.#modules) throw new TypeError('CEL was not read');
    return this.#modules;
  }

  /** Does with each violation what the binding says. */
  #decide(
    attributes: AdmissionAttributes,
    policy: ValidatingAdmissionPolicy,
    binding: ValidatingAdmissionPolicyBinding,
    violations: readonly Violation[],
    denials: Denial[],
  ): void {
    const names = namesOf(policy, binding);
    const { metrics } = this.#parts;
    for (const violation of violations) {
      const { message, reason, isError } = violation;
      if (isError && policy.spec.failurePolicy === 'Ignore') {
        metrics.validated(names, errorType(violation), 'allow');
        continue;
      }
      for (const action of binding.spec.validationActions ?? []) {
        if (action === 'Deny') denials.push({ ...names, message, reason });
        else if (action === 'Audit') annotateFailure(attributes, binding, violation);
        else if (action === 'Warn') {
          const about = `ValidatingAdmissionPolicy '${names.policy}' with binding '${names.binding}'`;
          attributes.warn(`Validation failed for ${about}: ${message}`);
        }
        metrics.validated(names, errorType(violation), action.toLowerCase());
      }
    }
  }
}

function namesOf(policy: KubeObject, binding: KubeObject): { readonly policy: string; readonly binding: string } {
  return { policy: policy.metadata.name, binding: binding.metadata.name };
}

function errorType({ isError, outOfBudget }: Violation): string {
  if (!isError) return 'no_error';
  return outOfBudget ? 'out_of_budget' : 'invalid_error';
}

function annotateFailure(
  attributes: AdmissionAttributes,
  { spec, metadata }: ValidatingAdmissionPolicyBinding,
  { message, index }: Violation,
): void {
  const failure = {
    message,
    policy: spec.policyName,
    binding: metadata.name,
    expressionIndex: index,
    validationActions: spec.validationActions,
  };
  attributes.annotate?.(FAILURE_KEY, JSON.stringify([failure]));
}

function refusal(attributes: AdmissionAttributes, { policy, binding, message, reason }: Denial): StatusError {
  const by = binding === undefined ? `'${policy}'` : `'${policy}' with binding '${binding}'`;
  const text = `ValidatingAdmissionPolicy ${by} denied request: ${message}`;
  const { status } = withCause(admissionForbidden(attributes, text), { message: text });
  const given = reason === '' ? 'Invalid' : reason;
  return new StatusError({ ...status, reason: given, code: CODES[given] ?? 422 } as Status);
}
