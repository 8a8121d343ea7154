/**
 * One webhook of a configuration: whether it is asked about a request, and what it answers
 * (upstream: staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/{generic,mutating,validating,request}).
 */
import {
  isJsonObject,
  isQualifiedName,
  type MutatingWebhook,
  type Status,
  StatusError,
  statusErrors,
  type ValidatingWebhook,
} from '@regatta/api';
import type { Authorizer } from '../../auth/identity.ts';
import type { ResourceRegistry } from '../../registry/resource-registry.ts';
import type { ServerContext } from '../../server/context.ts';
import { type WebhookClient, WebhookError } from '../../webhooks/webhook-client.ts';
import type { AdmissionAttributes } from '../admission.ts';
import type { ExtensionMetrics, WebhookCall } from '../extension-metrics.ts';
import type { ConditionMatcher } from '../policy/match-conditions.ts';
import { type RequestMatcher, requestMatcher } from '../policy/match-request.ts';
import { reviewRequest } from '../policy/review-request.ts';
import { inVersion, type Target } from '../versioned-object.ts';

export type AnyWebhook = ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>;

export interface WebhookParts {
  readonly server: ServerContext;
  readonly client: WebhookClient;
  readonly authorizer: Authorizer;
  readonly resources: ResourceRegistry;
  readonly metrics: ExtensionMetrics;
}

/** What a webhook that allows a request says besides. */
export interface Allowed {
  /** A JSON patch, as bytes. */
  readonly patch: Uint8Array | undefined;
}

/** A question to a webhook. */
export interface Question {
  readonly attributes: AdmissionAttributes;
  readonly target: Target;
  readonly step: WebhookCall['step'];
  /** Where a failure that is ignored is written down. */
  readonly failedOpenKey: string;
}

const DEFAULT_TIMEOUT = 10;
const VERSIONS = ['v1', 'v1beta1'];
const UNAVAILABLE = 503;
const OK = 200;

export class WebhookHook {
  readonly #matches: RequestMatcher;
  #conditions: ConditionMatcher | undefined | 'unread' = 'unread';

  /** @param configuration the name of the object that it stands in */
  constructor(
    readonly webhook: AnyWebhook,
    readonly configuration: string,
    readonly parts: WebhookParts,
  ) {
    const { rules, matchPolicy, namespaceSelector, objectSelector } = webhook;
    this.#matches = requestMatcher(parts, {
      rules: rules ?? [],
      matchPolicy,
      namespaceSelector,
      objectSelector,
    });
  }

  /** The version in which it is to be asked; undefined when the request is none of its business. */
  matches(attributes: AdmissionAttributes): Target | undefined {
    return this.#matches(attributes);
  }

  /** Whether its conditions want the request, too. @throws StatusError when that can't be said */
  async wants(attributes: AdmissionAttributes, target: Target): Promise<boolean> {
    const { matchConditions, failurePolicy } = this.webhook;
    if (!matchConditions || matchConditions.length === 0) return true;
    const [{ conditionMatcher }, { PolicyRequest }] = await Promise.all([
      import('../policy/match-conditions.ts'),
      import('../policy/policy-request.ts'),
    ]);
    if (this.#conditions === 'unread') this.#conditions = conditionMatcher(matchConditions);
    const values = await new PolicyRequest(this.parts, attributes, target).values(undefined);
    const held = this.#conditions?.(values) ?? true;
    if (!(held instanceof Error)) return held;
    if (failurePolicy === 'Ignore') return false;
    throw statusErrors.forbidden(target, attributes.name, held.message);
  }

  /** Undefined when it failed and may. @throws StatusError */
  async ask(question: Question): Promise<Allowed | undefined> {
    const { attributes, step } = question;
    const { name, failurePolicy, sideEffects } = this.webhook;
    const { server, metrics } = this.parts;
    const begun = server.clock.now();
    const note = (code: number, rejected: boolean, error: WebhookCall['error']): void => {
      const seconds = (server.clock.now() - begun) / 1000;
      metrics.called({ name, step, operation: attributes.operation, seconds, code, rejected, error });
    };
    try {
      if (attributes.dryRun && !['None', 'NoneOnDryRun'].includes(sideEffects)) {
        throw statusErrors.badRequest(`admission webhook ${JSON.stringify(name)} does not support dry run`);
      }
      const allowed = await this.#answer(question);
      note(OK, false, 'no_error');
      return allowed;
    } catch (error) {
      if (error instanceof StatusError) note(error.status.code ?? 0, true, 'no_error');
      if (!(error instanceof WebhookError)) throw error;
      const open = failurePolicy === 'Ignore';
      note(UNAVAILABLE, !open, 'calling_webhook_error');
      if (!open) throw statusErrors.internal(`failed calling webhook ${JSON.stringify(name)}: ${error.message}`);
      server.logger.warn('a webhook failed and is ignored', { error });
      metrics.failedOpen(name, step);
      attributes.annotate?.(question.failedOpenKey, name);
      return undefined;
    }
  }

  async #answer({ attributes, target }: Question): Promise<Allowed> {
    const request = reviewRequest(attributes, target, this.parts.server.random.uuid());
    const [object, oldObject] = await Promise.all([
      inVersion(attributes, target, attributes.object),
      inVersion(attributes, target, attributes.oldObject),
    ]);
    const answer = await this.#call({ ...request, object: object ?? null, oldObject: oldObject ?? null });
    return this.#allowed(answer, request.uid, attributes);
  }

  async #call(request: object): Promise<unknown> {
    const { clientConfig, timeoutSeconds = DEFAULT_TIMEOUT, admissionReviewVersions } = this.webhook;
    const version = admissionReviewVersions.find((one) => VERSIONS.includes(one)) ?? 'v1';
    const body = { kind: 'AdmissionReview', apiVersion: `admission.k8s.io/${version}`, request };
    const query = `?timeout=${timeoutSeconds}s`;
    try {
      return await this.parts.client.call({ config: clientConfig, body, timeout: timeoutSeconds * 1000, query });
    } catch (error) {
      throw error instanceof WebhookError
        ? new WebhookError(`failed to call webhook: ${error.message}`, { cause: error })
        : error;
    }
  }

  /** @throws StatusError when the webhook refuses; WebhookError for an answer that says nothing */
  #allowed(answer: unknown, uid: string, attributes: AdmissionAttributes): Allowed {
    const response = isJsonObject(answer) && isJsonObject(answer['response']) ? answer['response'] : undefined;
    if (!response) throw new WebhookError('received invalid webhook response: webhook response was absent');
    if (response['uid'] !== uid) {
      throw new WebhookError(
        `received invalid webhook response: expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response['uid'] ?? '')}`,
      );
    }
    this.#annotate(attributes, response['auditAnnotations']);
    const warnings = response['warnings'];
    if (Array.isArray(warnings)) for (const text of warnings) attributes.warn(String(text));
    if (response['allowed'] !== true) throw denied(this.webhook.name, response['status']);
    const patch = typeof response['patch'] === 'string' ? Buffer.from(response['patch'], 'base64') : undefined;
    if (patch && response['patchType'] !== 'JSONPatch') {
      throw new WebhookError(
        `received invalid webhook response: webhook returned response.patchType=${JSON.stringify(response['patchType'] ?? '')}, expected "JSONPatch"`,
      );
    }
    return { patch };
  }

  /** Under the webhook's own name; keys that are none are left out. */
  #annotate(attributes: AdmissionAttributes, annotations: unknown): void {
    if (!isJsonObject(annotations)) return;
    for (const [key, value] of Object.entries(annotations)) {
      const whole = `${this.webhook.name}/${key}`;
      if (typeof value === 'string' && isQualifiedName(whole).length === 0) attributes.annotate?.(whole, value);
    }
  }
}

/** In the webhook's words. */
function denied(name: string, given: unknown): StatusError {
  const result = (isJsonObject(given) ? given : {}) as Partial<Status>;
  const by = `admission webhook ${JSON.stringify(name)} denied the request`;
  const message = result.message || result.reason;
  const code = Math.max(400, result.code ?? 0);
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: message ? `${by}: ${message}` : `${by} without explanation`,
    ...(result.reason ? { reason: result.reason } : {}),
    ...(result.details ? { details: result.details } : {}),
    code,
  });
}
