/**
 * One webhook of a configuration: whether it is asked about a request, and what it answers
 * (upstream: staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/{generic,mutating,validating,request}).
 */
import {
  isJsonObject,
  type MutatingWebhook,
  type Namespace,
  type Status,
  StatusError,
  statusErrors,
  type ValidatingWebhook,
} from '@regatta/api';
import type { Authorizer } from '../../auth/identity.ts';
import { NAMESPACES } from '../../auth/resource-refs.ts';
import type { ServerContext } from '../../server/context.ts';
import { type WebhookClient, WebhookError } from '../../webhooks/webhook-client.ts';
import type { AdmissionAttributes } from '../admission.ts';
import type { ConditionMatcher } from '../policy/match-conditions.ts';
import { type RequestMatcher, requestMatcher } from '../policy/match-request.ts';
import { reviewRequest } from '../policy/review-request.ts';

export type AnyWebhook = ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>;

export interface WebhookParts {
  readonly server: ServerContext;
  readonly client: WebhookClient;
  readonly authorizer: Authorizer;
}

/** What a webhook that allows a request says besides. */
export interface Admitted {
  /** A JSON patch, as bytes. */
  readonly patch: Uint8Array | undefined;
}

const DEFAULT_TIMEOUT = 10;
const VERSIONS = ['v1', 'v1beta1'];

export class WebhookHook {
  readonly #matches: RequestMatcher;
  #conditions: ConditionMatcher | undefined | 'unread' = 'unread';

  constructor(
    readonly webhook: AnyWebhook,
    readonly parts: WebhookParts,
  ) {
    const { rules, matchPolicy, namespaceSelector, objectSelector } = webhook;
    this.#matches = requestMatcher(parts.server, {
      rules: rules ?? [],
      matchPolicy,
      namespaceSelector,
      objectSelector,
    });
  }

  matches(attributes: AdmissionAttributes): boolean {
    return this.#matches(attributes);
  }

  /** Undefined when its conditions leave the request out, or it failed and may. @throws StatusError */
  async ask(attributes: AdmissionAttributes): Promise<Admitted | undefined> {
    const { server } = this.parts;
    const request = reviewRequest(attributes, server.random.uuid());
    if (!(await this.#conditionsHold(attributes, request))) return undefined;
    if (attributes.dryRun && !['None', 'NoneOnDryRun'].includes(this.webhook.sideEffects)) {
      throw statusErrors.badRequest(`admission webhook ${JSON.stringify(this.webhook.name)} does not support dry run`);
    }
    try {
      return this.#admitted(await this.#call(attributes, request), request.uid, attributes);
    } catch (error) {
      if (!(error instanceof WebhookError)) throw error;
      return this.#failed(`failed calling webhook ${JSON.stringify(this.webhook.name)}: ${error.message}`, error);
    }
  }

  async #conditionsHold(attributes: AdmissionAttributes, request: object): Promise<boolean> {
    const { matchConditions, name, failurePolicy } = this.webhook;
    if (!matchConditions || matchConditions.length === 0) return true;
    const [{ conditionMatcher }, { requestValues }] = await Promise.all([
      import('../policy/match-conditions.ts'),
      import('../policy/expressions.ts'),
    ]);
    if (this.#conditions === 'unread') this.#conditions = conditionMatcher(matchConditions);
    const { authorizer, server } = this.parts;
    const namespaceObject = attributes.namespace && server.get<Namespace>(NAMESPACES, '', attributes.namespace);
    const held = this.#conditions?.(requestValues({ attributes, request, namespaceObject, authorizer })) ?? true;
    if (!(held instanceof Error)) return held;
    if (failurePolicy === 'Ignore') return false;
    throw statusErrors.forbidden(
      attributes,
      attributes.name,
      `failed calling webhook ${JSON.stringify(name)}: ${held.message}`,
    );
  }

  async #call(attributes: AdmissionAttributes, request: object): Promise<unknown> {
    const { clientConfig, timeoutSeconds = DEFAULT_TIMEOUT, admissionReviewVersions } = this.webhook;
    const version = admissionReviewVersions.find((one) => VERSIONS.includes(one)) ?? 'v1';
    const body = {
      kind: 'AdmissionReview',
      apiVersion: `admission.k8s.io/${version}`,
      request: { ...request, object: attributes.object ?? null, oldObject: attributes.oldObject ?? null },
    };
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
  #admitted(answer: unknown, uid: string, attributes: AdmissionAttributes): Admitted {
    const response = isJsonObject(answer) && isJsonObject(answer['response']) ? answer['response'] : undefined;
    if (!response) throw new WebhookError('received invalid webhook response: webhook response was absent');
    if (response['uid'] !== uid) {
      throw new WebhookError(
        `received invalid webhook response: expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response['uid'] ?? '')}`,
      );
    }
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

  #failed(message: string, error: Error): undefined {
    if (this.webhook.failurePolicy === 'Ignore') {
      this.parts.server.logger.warn('a webhook failed and is ignored', { error });
      return undefined;
    }
    throw statusErrors.internal(message);
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
