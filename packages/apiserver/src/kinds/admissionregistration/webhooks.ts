/**
 * Webhook configurations (upstream: pkg/apis/admissionregistration/v1/defaults.go, validateValidatingWebhook … of
 * pkg/apis/admissionregistration/validation/validation.go). Expressions of match conditions are not compiled.
 */
import {
  isDNS1035Label,
  isDNS1123Subdomain,
  isQualifiedName,
  type KubeObject,
  type MutatingWebhook,
  type MutatingWebhookConfiguration,
  type ValidatingWebhook,
  type ValidatingWebhookConfiguration,
  type WebhookClientConfig,
} from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem, isEmptyList, type Maybe } from '../validation/lists.ts';
import { Path } from '../validation/path.ts';
import { checkLabelSelector } from '../validation/rules.ts';
import { checkRule } from './webhook-rules.ts';

const WEBHOOKS = Path.root('webhooks');
const FAILURE_POLICIES = ['Fail', 'Ignore'];
const MATCH_POLICIES = ['Equivalent', 'Exact'];
const SIDE_EFFECTS = ['None', 'NoneOnDryRun'];
const REINVOCATION = ['IfNeeded', 'Never'];
const REVIEW_VERSIONS = ['v1', 'v1beta1'];
const MAX_CONDITIONS = 64;
const HTTPS_PORT = 443;
/** Of a call, in seconds. */
const TIMEOUT = { usual: 10, most: 30 } as const;

type Webhook = ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>;

export const validatingWebhookStrategy: Strategy<ValidatingWebhookConfiguration> = strategyOf();
export const mutatingWebhookStrategy: Strategy<MutatingWebhookConfiguration> = {
  ...strategyOf(),
  applyDefaults({ webhooks }) {
    for (const webhook of webhooks ?? []) {
      defaultWebhook(webhook);
      webhook.reinvocationPolicy ??= 'Never';
    }
  },
};

function strategyOf(): Strategy<KubeObject & { webhooks?: Webhook[] }> {
  return {
    tracksGeneration: true,
    allowUnconditionalUpdate: false,
    applyDefaults({ webhooks }) {
      for (const webhook of webhooks ?? []) defaultWebhook(webhook);
    },
    validate: ({ webhooks }) => validateWebhooks(webhooks).errors,
    validateUpdate: ({ webhooks }) => validateWebhooks(webhooks).errors,
  };
}

function defaultWebhook(webhook: Webhook): void {
  webhook.failurePolicy ??= 'Fail';
  webhook.matchPolicy ??= 'Equivalent';
  webhook.namespaceSelector ??= {};
  webhook.objectSelector ??= {};
  webhook.timeoutSeconds ??= TIMEOUT.usual;
  for (const rule of webhook.rules ?? []) rule.scope ??= '*';
  if (webhook.clientConfig?.service) webhook.clientConfig.service.port ??= HTTPS_PORT;
}

function validateWebhooks(webhooks: Maybe<readonly Webhook[]>): ErrorList {
  const errors = new ErrorList();
  const names = new Set<string>();
  eachItem(webhooks, WEBHOOKS, (webhook, at) => {
    checkWebhook(errors, at, webhook);
    checkReviewVersions(errors, at.child('admissionReviewVersions'), webhook.admissionReviewVersions);
    if (names.has(webhook.name)) errors.duplicate(at.child('name'), webhook.name);
    names.add(webhook.name);
  });
  return errors;
}

function checkWebhook(errors: ErrorList, at: Path, webhook: Webhook): void {
  checkDomain(errors, at.child('name'), webhook.name);
  eachItem(webhook.rules, at.child('rules'), (rule, ruleAt) => checkRule(errors, ruleAt, rule));
  checkKnown(errors, at.child('failurePolicy'), webhook.failurePolicy, FAILURE_POLICIES);
  checkKnown(errors, at.child('matchPolicy'), webhook.matchPolicy, MATCH_POLICIES);
  const effectsAt = at.child('sideEffects');
  if (!webhook.sideEffects) errors.required(effectsAt, `must specify one of ${SIDE_EFFECTS.join(', ')}`);
  else checkKnown(errors, effectsAt, webhook.sideEffects, SIDE_EFFECTS);
  const { timeoutSeconds: timeout } = webhook;
  if (timeout !== undefined && (timeout > TIMEOUT.most || timeout < 1)) {
    const why = `the timeout value must be between 1 and ${TIMEOUT.most} seconds`;
    errors.invalid(at.child('timeoutSeconds'), timeout, why);
  }
  checkLabelSelector(errors, at.child('namespaceSelector'), webhook.namespaceSelector);
  checkLabelSelector(errors, at.child('objectSelector'), webhook.objectSelector);
  checkKnown(errors, at.child('reinvocationPolicy'), webhook.reinvocationPolicy, REINVOCATION);
  checkClient(errors, at.child('clientConfig'), webhook.clientConfig);
  checkConditions(errors, at.child('matchConditions'), webhook.matchConditions);
}

function checkKnown(errors: ErrorList, at: Path, value: string | undefined, known: readonly string[]): void {
  if (value !== undefined && !known.includes(value)) errors.notSupported(at, value, known);
}

function checkDomain(errors: ErrorList, at: Path, name: string): void {
  if (!name) {
    errors.required(at);
    return;
  }
  const messages = isDNS1123Subdomain(name);
  errors.invalidEach(at, name, messages);
  if (messages.length === 0 && name.split('.').length < 3) {
    errors.invalid(at, name, 'should be a domain with at least three segments separated by dots');
  }
}

function checkReviewVersions(errors: ErrorList, at: Path, versions: Maybe<readonly string[]>): void {
  const known = REVIEW_VERSIONS.join(', ');
  if (!versions || isEmptyList(versions)) {
    errors.required(at, `must specify one of ${known}`);
    return;
  }
  const seen = new Set<string>();
  eachItem(versions, at, (version, versionAt) => {
    if (seen.has(version)) errors.invalid(versionAt, version, 'duplicate version');
    seen.add(version);
    errors.invalidEach(versionAt, version, isDNS1035Label(version));
  });
  if (!versions.some((version) => REVIEW_VERSIONS.includes(version))) {
    errors.invalid(at, versions, `must include at least one of ${known}`);
  }
}

export function checkClient(errors: ErrorList, at: Path, config: Maybe<WebhookClientConfig>): void {
  const { url, service } = config ?? {};
  if ((url === undefined) === (service === undefined)) {
    errors.required(at, 'exactly one of url or service is required');
    return;
  }
  if (url !== undefined) checkUrl(errors, at.child('url'), url);
  if (!service) return;
  const serviceAt = at.child('service');
  if (!service.name) errors.required(serviceAt.child('name'), 'service name is required');
  if (!service.namespace) errors.required(serviceAt.child('namespace'), 'service namespace is required');
  const { port = HTTPS_PORT, path } = service;
  if (port < 1 || port > 65_535) {
    errors.invalid(serviceAt.child('port'), port, 'port is not valid: must be between 1 and 65535, inclusive');
  }
  if (path && !path.startsWith('/')) errors.invalid(serviceAt.child('path'), path, "must start with a '/'");
}

const URL_FORM = '; desired format: https://host[/path]';

function checkUrl(errors: ErrorList, at: Path, text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url) {
    errors.required(at, `url must be a valid URL${URL_FORM}`);
    return;
  }
  const refuse = (value: string, why: string): void => errors.invalid(at, value, why);
  if (url.protocol !== 'https:') refuse(url.protocol.slice(0, -1), `'https' is the only allowed URL scheme${URL_FORM}`);
  if (!url.host) refuse(url.host, `host must be specified${URL_FORM}`);
  if (url.username) refuse(url.username, 'user information is not permitted in the URL');
  if (url.hash) refuse(url.hash.slice(1), 'fragments are not permitted in the URL');
  if (url.search) refuse(url.search.slice(1), 'query parameters are not permitted in the URL');
}

function checkConditions(errors: ErrorList, path: Path, conditions: Webhook['matchConditions']): void {
  const count = conditions?.length ?? 0;
  if (count > MAX_CONDITIONS) errors.tooMany(path, count, MAX_CONDITIONS);
  const names = new Set<string>();
  eachItem(conditions, path, ({ name, expression }, at) => {
    if (!expression?.trim()) errors.required(at.child('expression'));
    if (!name) errors.required(at.child('name'));
    else errors.invalidEach(at.child('name'), name, isQualifiedName(name));
    if (name && names.has(name)) errors.duplicate(at.child('name'), name);
    names.add(name);
  });
}
