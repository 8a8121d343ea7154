/**
 * A policy file: audit.k8s.io/v1 Policy in YAML or JSON, read strictly
 * (upstream: staging/src/k8s.io/apiserver/pkg/audit/policy/reader.go, pkg/apis/audit/validation/validation.go). Loaded when
 * there is one.
 */
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import {
  AUDIT_LEVELS,
  AUDIT_STAGES,
  type AuditPolicy,
  type AuditRule,
  type AuditStage,
  type GroupResources,
} from './audit-policy.ts';

const API_VERSION = 'audit.k8s.io/v1';
const POLICY_FIELDS = ['apiVersion', 'kind', 'metadata', 'rules', 'omitStages', 'omitManagedFields'];
const RULE_FIELDS = [
  'level',
  'users',
  'userGroups',
  'verbs',
  'resources',
  'namespaces',
  'nonResourceURLs',
  'omitStages',
  'omitManagedFields',
];

export class AuditPolicyError extends Error {
  readonly code = 'audit-policy';
  constructor(
    readonly file: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`the audit policy ${file}: ${message}`, options);
    this.name = 'AuditPolicyError';
  }
}

/** @throws AuditPolicyError */
export async function readAuditPolicy(file: string): Promise<AuditPolicy> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new AuditPolicyError(file, cause instanceof Error ? cause.message : String(cause), { cause });
  }
  return parseAuditPolicy(text, file);
}

/** @param file for messages @throws AuditPolicyError */
export function parseAuditPolicy(text: string, file: string): AuditPolicy {
  try {
    return policyOf(parse(text));
  } catch (cause) {
    throw new AuditPolicyError(file, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

type Fields = Readonly<Record<string, unknown>>;

function policyOf(value: unknown): AuditPolicy {
  const policy = fields(value, 'the file', POLICY_FIELDS);
  if (policy['apiVersion'] !== API_VERSION || policy['kind'] !== 'Policy')
    throw new TypeError(`it must be of apiVersion ${API_VERSION} and kind Policy`);
  const omitStages = stages(policy['omitStages'], 'omitStages');
  const omitManagedFields = flag(policy['omitManagedFields'], 'omitManagedFields') ?? false;
  const rules = list(policy['rules'], 'rules');
  if (rules.length === 0) throw new TypeError('it needs at least one rule');
  return { rules: rules.map((rule, at) => ruleOf(rule, `rules[${at}]`, omitStages, omitManagedFields)) };
}

function ruleOf(value: unknown, path: string, omitStages: readonly AuditStage[], omitFields: boolean): AuditRule {
  const rule = fields(value, path, RULE_FIELDS);
  const level = AUDIT_LEVELS.find((one) => one === rule['level']);
  if (!level) throw new TypeError(`${path}.level must be one of ${AUDIT_LEVELS.join(', ')}`);
  const texts = (field: string): string[] => strings(rule[field], `${path}.${field}`);
  const read: AuditRule = {
    level,
    users: texts('users'),
    userGroups: texts('userGroups'),
    verbs: texts('verbs'),
    resources: list(rule['resources'], `${path}.resources`).map((one, at) =>
      groupResources(one, `${path}.resources[${at}]`),
    ),
    namespaces: texts('namespaces'),
    nonResourceURLs: texts('nonResourceURLs'),
    omitStages: [...new Set([...omitStages, ...stages(rule['omitStages'], `${path}.omitStages`)])],
    omitManagedFields: flag(rule['omitManagedFields'], `${path}.omitManagedFields`) ?? omitFields,
  };
  checkPaths(read, path);
  return read;
}

function checkPaths({ nonResourceURLs, resources, namespaces }: AuditRule, path: string): void {
  if (nonResourceURLs.length > 0 && (resources.length > 0 || namespaces.length > 0))
    throw new TypeError(`${path}.nonResourceURLs: rules cannot apply to both regular resources and non-resource URLs`);
  for (const url of nonResourceURLs) {
    if (url === '*') continue;
    if (!url.startsWith('/'))
      throw new TypeError(`${path}.nonResourceURLs: ${JSON.stringify(url)} must begin with a '/' character`);
    if (url.slice(0, -1).includes('*'))
      throw new TypeError(`${path}.nonResourceURLs: ${JSON.stringify(url)}: wildcards '*' must be the last character`);
  }
}

function groupResources(value: unknown, path: string): GroupResources {
  const read = fields(value, path, ['group', 'resources', 'resourceNames']);
  const group = read['group'] ?? '';
  if (typeof group !== 'string') throw new TypeError(`${path}.group must be a string`);
  const resources = strings(read['resources'], `${path}.resources`);
  const resourceNames = strings(read['resourceNames'], `${path}.resourceNames`);
  if (resourceNames.length > 0 && resources.length === 0)
    throw new TypeError(`${path}.resourceNames: using resourceNames requires at least one resource`);
  return { group, resources, resourceNames };
}

function fields(value: unknown, path: string, known: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError(`${path} must be an object`);
  const unknown = Object.keys(value).find((field) => !known.includes(field));
  if (unknown !== undefined) throw new TypeError(`${path} has an unknown field ${JSON.stringify(unknown)}`);
  return value as Fields;
}

function list(value: unknown, path: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new TypeError(`${path} must be a list`);
  return value;
}

function strings(value: unknown, path: string): string[] {
  const found = list(value, path);
  if (!found.every((one) => typeof one === 'string')) throw new TypeError(`${path} must be a list of strings`);
  return found as string[];
}

function stages(value: unknown, path: string): AuditStage[] {
  return strings(value, path).map((text) => {
    const stage = AUDIT_STAGES.find((one) => one === text);
    if (!stage) throw new TypeError(`${path}: ${JSON.stringify(text)} is none of ${AUDIT_STAGES.join(', ')}`);
    return stage;
  });
}

function flag(value: unknown, path: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw new TypeError(`${path} must be true or false`);
  return value;
}
