/**
 * The plugins that ask webhooks: mutating ones one after the other, validating ones together
 * (upstream: staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/{mutating,validating}/dispatcher.go).
 *
 * Own the compiled configurations, kept in step with the stored ones. Invariant: without configurations a request costs one
 * comparison.
 */
import {
  applyJsonPatch,
  type KubeObject,
  type MutatingWebhookConfiguration,
  parseJson,
  type ResourceRef,
  statusErrors,
  type ValidatingWebhookConfiguration,
} from '@regatta/api';
import { followObjects } from '../../auth/follow-objects.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
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
        const hooks = (webhooks ?? []).map((webhook) => new WebhookHook(webhook as AnyWebhook, parts));
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
    return this.#all.length > 0 && this.#all.some((hook) => hook.matches(attributes));
  }

  about(attributes: AdmissionAttributes): readonly WebhookHook[] {
    return this.#all.filter((hook) => hook.matches(attributes));
  }
}

/** Puts an object that a patch made back into its kind's form: decoded, defaulted. */
export type Reread = (attributes: AdmissionAttributes, object: unknown) => KubeObject;

export class MutatingAdmissionWebhook implements AdmissionPlugin {
  readonly name = 'MutatingAdmissionWebhook';
  readonly #hooks: Hooks;
  readonly #reread: Reread;

  constructor(parts: WebhookParts, reread: Reread) {
    this.#hooks = new Hooks(reference('mutatingwebhookconfigurations', 'MutatingWebhookConfiguration'), parts);
    this.#reread = reread;
  }

  handles(attributes: AdmissionAttributes): boolean {
    return this.#hooks.concern(attributes);
  }

  async admit(attributes: AdmissionAttributes): Promise<void> {
    /** Webhooks that want to see what others changed after them. */
    const again = new Set<WebhookHook>();
    const asked: WebhookHook[] = [];
    for (const hook of this.#hooks.about(attributes)) {
      if (await this.#apply(hook, attributes)) for (const before of asked) again.add(before);
      asked.push(hook);
    }
    for (const hook of again) {
      if (hook.webhook.reinvocationPolicy === 'IfNeeded' && hook.matches(attributes))
        await this.#apply(hook, attributes);
    }
  }

  /** Returns whether the object changed. */
  async #apply(hook: WebhookHook, attributes: AdmissionAttributes): Promise<boolean> {
    const { object } = attributes;
    const patch = (await hook.ask(attributes))?.patch;
    if (!patch || patch.length === 0) return false;
    const operations = parseJson(patch).value;
    if (!Array.isArray(operations)) throw statusErrors.internal('webhook patch is no list of operations');
    if (operations.length === 0 || !object) return false;
    replace(object, this.#reread(attributes, applyJsonPatch(object, operations)));
    return true;
  }
}

/** Whoever holds the object sees what became of it. */
function replace(object: KubeObject, by: KubeObject): void {
  for (const key of Object.keys(object)) Reflect.deleteProperty(object, key);
  Object.assign(object, by);
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
    const results = await Promise.allSettled(this.#hooks.about(attributes).map((hook) => hook.ask(attributes)));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}
