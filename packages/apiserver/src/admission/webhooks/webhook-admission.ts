/**
 * The plugins that ask webhooks: mutating ones one after the other, validating ones together
 * (upstream: staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/{mutating,validating}/dispatcher.go).
 *
 * Own the compiled configurations, kept in step with the stored ones. Invariant: without configurations a request costs one
 * comparison.
 */
import {
  applyJsonPatch,
  jsonEqual,
  type KubeObject,
  type MutatingWebhookConfiguration,
  parseJson,
  type ResourceRef,
  statusErrors,
  type ValidatingWebhookConfiguration,
} from '@regatta/api';
import { followObjects } from '../../auth/follow-objects.ts';
import type { AdmissionAttributes, AdmissionPlugin, Admitted } from '../admission.ts';
import { Reinvocations } from '../reinvocation.ts';
import { fromVersion, inVersion, replaceObject, type Target } from '../versioned-object.ts';
import { type AnyWebhook, WebhookHook, type WebhookParts } from './webhook-hook.ts';

type Configuration = (MutatingWebhookConfiguration | ValidatingWebhookConfiguration) & KubeObject;

function reference(resource: string, kind: string): ResourceRef<Configuration> {
  return { group: 'admissionregistration.k8s.io', version: 'v1', namespaced: false, resource, kind };
}

/** Webhooks of all configurations, in the order of the configurations' names. */
class Hooks {
  readonly #byConfiguration = new Map<string, readonly WebhookHook[]>();
  #all: readonly WebhookHook[] = [];

  constructor(ref: ResourceRef<Configuration>, parts: WebhookParts) {
    followObjects(parts.server.storage, ref, {
      set: ({ metadata, webhooks }) => {
        const hooks = (webhooks ?? []).map((one) => new WebhookHook(one as AnyWebhook, metadata.name, parts));
        this.#byConfiguration.set(metadata.name, hooks);
        this.#gather();
      },
      remove: ({ metadata }) => {
        this.#byConfiguration.delete(metadata.name);
        this.#gather();
      },
    });
  }

  #gather(): void {
    const names = [...this.#byConfiguration.keys()].sort();
    this.#all = names.flatMap((name) => this.#byConfiguration.get(name) ?? []);
  }

  concern(attributes: AdmissionAttributes): boolean {
    return this.#all.length > 0 && this.#all.some((hook) => hook.matches(attributes) !== undefined);
  }

  /** In their order, also those that the request is none of the business of. */
  get all(): readonly WebhookHook[] {
    return this.#all;
  }
}

export class MutatingAdmissionWebhook implements AdmissionPlugin {
  readonly name = 'MutatingAdmissionWebhook';
  readonly #hooks: Hooks;
  readonly #reinvocations = new Reinvocations<WebhookHook>();

  constructor(parts: WebhookParts) {
    this.#hooks = new Hooks(reference('mutatingwebhookconfigurations', 'MutatingWebhookConfiguration'), parts);
  }

  handles(attributes: AdmissionAttributes): boolean {
    return this.#hooks.concern(attributes);
  }

  async admit(attributes: AdmissionAttributes, again = false): Promise<Admitted> {
    const reinvocation = this.#reinvocations.of(attributes);
    if (again) reinvocation.again(attributes.object);
    let changed = false;
    for (const [index, hook] of this.#hooks.all.entries()) {
      const target = hook.matches(attributes);
      if (!target || !(await hook.wants(attributes, target))) continue;
      if (again && !reinvocation.isDue(hook)) continue;
      if (await this.#apply({ hook, attributes, target, place: `round_${again ? 1 : 0}_index_${index}` })) {
        changed = true;
        reinvocation.changed();
      }
      if (hook.webhook.reinvocationPolicy === 'IfNeeded') reinvocation.asked(hook);
    }
    reinvocation.done(attributes.object);
    return changed ? 'reinvoke' : undefined;
  }

  /** Returns whether the object changed. */
  async #apply(invocation: Invocation): Promise<boolean> {
    const { hook, attributes, target, place } = invocation;
    const { name: webhook } = hook.webhook;
    const { configuration } = hook;
    let mutated = false;
    try {
      const failedOpenKey = `failed-open.${MUTATION_PREFIX}${place}`;
      const patch = (await hook.ask({ attributes, target, step: 'admit', failedOpenKey }))?.patch;
      const operations = patch && patch.length > 0 ? operationsOf(patch) : [];
      if (operations.length === 0) return false;
      mutated = await patchObject(invocation, operations);
      const told = { configuration, webhook, patch: operations, patchType: 'JSONPatch' };
      attributes.annotate?.(`${PATCH_PREFIX}${place}`, JSON.stringify(told), 'Request');
      return mutated;
    } finally {
      attributes.annotate?.(`${MUTATION_PREFIX}${place}`, JSON.stringify({ configuration, webhook, mutated }));
    }
  }
}

interface Invocation {
  readonly hook: WebhookHook;
  readonly attributes: AdmissionAttributes;
  readonly target: Target;
  /** Which round, and which of the webhooks. */
  readonly place: string;
}

const MUTATION_PREFIX = 'mutation.webhook.admission.k8s.io/';
const PATCH_PREFIX = 'patch.webhook.admission.k8s.io/';
const VALIDATING_PREFIX = 'validating.webhook.admission.k8s.io/';

function operationsOf(patch: Uint8Array): readonly unknown[] {
  const operations = parseJson(patch).value;
  if (!Array.isArray(operations)) throw statusErrors.internal('webhook patch is no list of operations');
  return operations;
}

async function patchObject({ hook, attributes, target }: Invocation, operations: readonly unknown[]): Promise<boolean> {
  const { object } = attributes;
  if (!object) {
    const name = JSON.stringify(hook.webhook.name);
    throw statusErrors.internal(
      `admission webhook ${name} attempted to modify the object, which is not supported for this operation`,
    );
  }
  const before = structuredClone(object);
  const versioned = await inVersion(attributes, target, object);
  replaceObject(object, await fromVersion(attributes, target, applyJsonPatch(versioned, [...operations])));
  return !jsonEqual(before, object);
}

export class ValidatingAdmissionWebhook implements AdmissionPlugin {
  readonly name = 'ValidatingAdmissionWebhook';
  readonly #hooks: Hooks;

  constructor(parts: WebhookParts) {
    this.#hooks = new Hooks(reference('validatingwebhookconfigurations', 'ValidatingWebhookConfiguration'), parts);
  }

  handles(attributes: AdmissionAttributes): boolean {
    return this.#hooks.concern(attributes);
  }

  /** The first refusal, in the order of the webhooks, is the answer. */
  async validate(attributes: AdmissionAttributes): Promise<void> {
    const asked: (readonly [WebhookHook, Target])[] = [];
    for (const hook of this.#hooks.all) {
      const target = hook.matches(attributes);
      if (target && (await hook.wants(attributes, target))) asked.push([hook, target]);
    }
    const results = await Promise.allSettled(
      asked.map(([hook, target], i) => {
        const failedOpenKey = `failed-open.${VALIDATING_PREFIX}round_0_index_${i}`;
        return hook.ask({ attributes, target, step: 'validating', failedOpenKey });
      }),
    );
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}
