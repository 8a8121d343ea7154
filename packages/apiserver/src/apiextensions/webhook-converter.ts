/**
 * Versions of a custom resource that a webhook converts
 * (upstream: k8s.io/apiextensions-apiserver/pkg/apiserver/conversion/webhook_converter.go).
 */
import { type CustomResourceDefinition, isJsonObject, type KubeObject, statusErrors } from '@regatta/api';
import type { Random } from '@regatta/runtime';
import { type WebhookClient, WebhookError } from '../webhooks/webhook-client.ts';
import { type Converter, relabelling } from './converter.ts';

/** Real milliseconds. */
const TIMEOUT = 30_000;

type Webhook = NonNullable<NonNullable<CustomResourceDefinition['spec']['conversion']>['webhook']>;

/** @param random makes the uids of requests */
export function converterOf(
  client: WebhookClient,
  random: Random,
): (definition: CustomResourceDefinition) => Converter {
  return ({ spec }) => {
    const { strategy, webhook } = spec.conversion ?? {};
    return strategy === 'Webhook' && webhook ? webhookConverter(client, random, webhook) : relabelling;
  };
}

function webhookConverter(client: WebhookClient, random: Random, webhook: Webhook): Converter {
  return {
    waits: true,
    async convert(objects, apiVersion) {
      const [first] = objects;
      if (!first) return [];
      const failed = (why: string): Error => {
        const group = first.apiVersion ?? '';
        return statusErrors.internal(`conversion webhook for ${group}, Kind=${first.kind ?? ''} failed: ${why}`);
      };
      const uid = random.uuid();
      const answer = await review(client, webhook, { uid, desiredAPIVersion: apiVersion, objects }, failed);
      const converted = convertedObjects(answer, uid, objects.length, failed);
      return converted.map((object, i) => restored(object, objects[i] ?? first, apiVersion, failed));
    },
  };
}

type Failed = (why: string) => Error;

async function review(client: WebhookClient, webhook: Webhook, request: object, failed: Failed): Promise<unknown> {
  const version = webhook.conversionReviewVersions?.find((one) => one === 'v1' || one === 'v1beta1') ?? 'v1';
  const body = { kind: 'ConversionReview', apiVersion: `apiextensions.k8s.io/${version}`, request };
  try {
    return await client.call({ config: webhook.clientConfig ?? {}, body, timeout: TIMEOUT, query: '?timeout=30s' });
  } catch (error) {
    throw error instanceof WebhookError ? failed(error.message) : error;
  }
}

function convertedObjects(answer: unknown, uid: string, count: number, failed: Failed): KubeObject[] {
  const response = isJsonObject(answer) && isJsonObject(answer['response']) ? answer['response'] : undefined;
  if (!response) throw failed('no response provided');
  if (response['uid'] !== uid)
    throw failed(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response['uid'])}`);
  const result = isJsonObject(response['result']) ? response['result'] : {};
  if (result['status'] !== 'Success') throw failed(String(result['message'] ?? 'unknown reason'));
  const objects = response['convertedObjects'];
  if (!Array.isArray(objects) || objects.length !== count) {
    throw failed(`webhook returned ${Array.isArray(objects) ? objects.length : 0} objects, expected ${count}`);
  }
  return objects as KubeObject[];
}

/** Of the metadata a webhook may change labels and annotations alone. */
function restored(object: KubeObject, original: KubeObject, apiVersion: string, failed: Failed): KubeObject {
  if (!isJsonObject(object)) throw failed('converted object is no object');
  if (object.apiVersion !== apiVersion) {
    throw failed(
      `webhook returned invalid converted object: invalid groupVersion (received ${object.apiVersion} expected ${apiVersion})`,
    );
  }
  const { labels, annotations } = object.metadata ?? {};
  const { labels: _labels, annotations: _annotations, ...metadata } = original.metadata;
  return {
    ...object,
    metadata: {
      ...metadata,
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
    } as KubeObject['metadata'],
  };
}
