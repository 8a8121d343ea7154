/**
 * How versions may be converted (upstream: validateCustomResourceConversion of
 * apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go).
 */
import { type CustomResourceDefinitionSpec, isDNS1035Label } from '@regatta/api';
import { checkClient } from '../../kinds/admissionregistration/webhooks.ts';
import type { ErrorList } from '../../kinds/validation/error-list.ts';
import type { Path } from '../../kinds/validation/path.ts';

const STRATEGIES = ['None', 'Webhook'];
const REVIEW_VERSIONS = ['v1', 'v1beta1'];

export function checkConversion(errors: ErrorList, at: Path, spec: CustomResourceDefinitionSpec): void {
  const { conversion, preserveUnknownFields } = spec;
  if (!conversion) return;
  const { strategy, webhook } = conversion;
  if (strategy !== 'None' && preserveUnknownFields) {
    errors.invalid(at.child('strategy'), strategy, 'must be None if spec.preserveUnknownFields is true');
  }
  if (!strategy) errors.required(at.child('strategy'));
  else if (!STRATEGIES.includes(strategy)) errors.notSupported(at.child('strategy'), strategy, STRATEGIES);
  if (strategy === 'Webhook') checkWebhook(errors, at, webhook);
  else if (webhook) checkNoWebhook(errors, at, webhook);
}

type Webhook = NonNullable<CustomResourceDefinitionSpec['conversion']>['webhook'];

function checkWebhook(errors: ErrorList, at: Path, webhook: Webhook): void {
  const client = at.child('webhookClientConfig');
  if (!webhook?.clientConfig) errors.required(client, 'required when strategy is set to Webhook');
  else checkClient(errors, client, webhook.clientConfig);
  checkReviewVersions(errors, at.child('conversionReviewVersions'), webhook?.conversionReviewVersions ?? []);
}

function checkReviewVersions(errors: ErrorList, at: Path, versions: readonly string[]): void {
  if (versions.length === 0) {
    errors.required(at);
    return;
  }
  const seen = new Set<string>();
  for (const [i, version] of versions.entries()) {
    if (seen.has(version)) errors.invalid(at.index(i), version, 'duplicate version');
    else errors.invalidEach(at.index(i), version, isDNS1035Label(version));
    seen.add(version);
  }
  if (!versions.some((version) => REVIEW_VERSIONS.includes(version))) {
    errors.invalid(at, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`);
  }
}

function checkNoWebhook(errors: ErrorList, at: Path, webhook: NonNullable<Webhook>): void {
  const why = 'should not be set when strategy is not set to Webhook';
  if (webhook.clientConfig) errors.forbidden(at.child('webhookClientConfig'), why);
  if ((webhook.conversionReviewVersions ?? []).length > 0) {
    errors.forbidden(at.child('conversionReviewVersions'), why);
  }
}
