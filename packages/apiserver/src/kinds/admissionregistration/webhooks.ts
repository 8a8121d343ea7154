/**
 * Webhook configurations (upstream: pkg/apis/admissionregistration/v1/defaults.go, validateValidatingWebhook … of
 * pkg/apis/admissionregistration/validation/validation.go). Expressions of match conditions are compiled by
 * admission/policy, which is read when the first configuration that has some comes.
 */
import {
  isDNS1035Label,
  isDNS1123Subdomain,
  jsonEqual,
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
import { lateModule } from './late-module.ts';
import { checkConditions, problemTeller } from './policy-rules.ts';
import { checkRule } from './webhook-rules.ts';

const WEBHOOKS = Path.root('webhooks');
const FAILURE_POLICIES = ['Fail', 'Ignore'];
const MATCH_POLICIES = ['Equivalent', 'Exact'];
const SIDE_EFFECTS = ['None', 'NoneOnDryRun'];
const ALL_SIDE_EFFECTS = [...SIDE_EFFECTS, 'Some', 'Unknown'];
const REINVOCATION = ['IfNeeded', 'Never'];
const REVIEW_VERSIONS = ['v1', 'v1beta1'];
const HTTPS_PORT = 443;
/** Of a call, in seconds. */
const TIMEOUT = { usual: 10, most: 30 } as const;

const compiler = lateModule(() => import('../../admission/policy/match-conditions.ts'));

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
    load: compiler.load,
    applyDefaults({ webhooks }) {
      for (const webhook of webhooks ?? []) defaultWebhook(webhook);
    },
    validate: ({ webhooks }) => validateWebhooks(webhooks, {}).errors,
    validateUpdate: ({ webhooks }, old) => validateWebhooks(webhooks, leniency(webhooks, old.webhooks)).errors,
  };
}

/** What an update may keep, since it stood like that before. */
interface Leniency {
  readonly conditions?: boolean;
  readonly sideEffects?: boolean;
  readonly reviewVersions?: boolean;
  readonly names?: boolean;
}

function leniency(webhooks: Maybe<readonly Webhook[]>, old: Maybe<readonly Webhook[]>): Leniency {
  const before = old ?? [];
  const conditionsOf = (all: readonly Webhook[]): unknown[] => all.map(({ matchConditions }) => matchConditions ?? []);
  return {
    conditions: jsonEqual(conditionsOf(webhooks ?? []), conditionsOf(before)),
    sideEffects: before.some(({ sideEffects }) => !SIDE_EFFECTS.includes(sideEffects)),
    reviewVersions: before.some(
      ({ admissionReviewVersions: versions }) =>
        versions?.length > 0 && !versions.some((version) => REVIEW_VERSIONS.includes(version)),
    ),
    names: new Set(before.map(({ name }) => name)).size < before.length,
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

function validateWebhooks(webhooks: Maybe<readonly Webhook[]>, lenient: Leniency): ErrorList {
  const errors = new ErrorList();
  const names = new Set<string>();
  eachItem(webhooks, WEBHOOKS, (webhook, at) => {
    checkWebhook(errors, at, webhook, lenient);
    checkReviewVersions(errors, at.child('admissionReviewVersions'), webhook.admissionReviewVersions, lenient);
    if (!lenient.names && names.has(webhook.name)) errors.duplicate(at.child('name'), webhook.name);
    names.add(webhook.name);
  });
  return errors;
}

function checkWebhook(errors: ErrorList, at: Path, webhook: Webhook, lenient: Leniency): void {
  checkDomain(errors, at.child('name'), webhook.name);
  eachItem(webhook.rules, at.child('rules'), (rule, ruleAt) => checkRule(errors, ruleAt, rule));
  checkKnown(errors, at.child('failurePolicy'), webhook.failurePolicy, FAILURE_POLICIES);
  checkKnown(errors, at.child('matchPolicy'), webhook.matchPolicy, MATCH_POLICIES);
  const effectsAt = at.child('sideEffects');
  const effects = lenient.sideEffects ? ALL_SIDE_EFFECTS : SIDE_EFFECTS;
  if (!webhook.sideEffects) errors.required(effectsAt, `must specify one of ${effects.join(', ')}`);
  else checkKnown(errors, effectsAt, webhook.sideEffects, effects);
  const { timeoutSeconds: timeout } = webhook;
  if (timeout !== undefined && (timeout > TIMEOUT.most || timeout < 1)) {
    const why = `the timeout value must be between 1 and ${TIMEOUT.most} seconds`;
    errors.invalid(at.child('timeoutSeconds'), timeout, why);
  }
  checkLabelSelector(errors, at.child('namespaceSelector'), webhook.namespaceSelector);
  checkLabelSelector(errors, at.child('objectSelector'), webhook.objectSelector);
  checkKnown(errors, at.child('reinvocationPolicy'), webhook.reinvocationPolicy, REINVOCATION);
  checkClient(errors, at.child('clientConfig'), webhook.clientConfig);
  if (!lenient.conditions) {
    const conditionsAt = at.child('matchConditions');
    const problems = compiler.get()?.conditionProblems(webhook.matchConditions) ?? [];
    checkConditions(errors, conditionsAt, webhook.matchConditions, problemTeller(errors, problems, conditionsAt));
  }
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

function checkReviewVersions(errors: ErrorList, at: Path, versions: Maybe<readonly string[]>, lenient: Leniency): void {
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
  if (!lenient.reviewVersions && !versions.some((version) => REVIEW_VERSIONS.includes(version))) {
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
