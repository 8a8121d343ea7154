/**
 * Expressions about requests: match conditions of webhooks and policies, validations, variables
 * (upstream: staging/src/k8s.io/apiserver/pkg/admission/plugin/cel, pkg/cel/library/authz.go).
 *
 * Objects have no declared types here: whatever was sent can be asked for, and what isn't there has no value.
 */

import { isDNS1123Label, isDNS1123Subdomain, type KubeObject } from '@regatta/api';
import {
  BOOL,
  type CelEnvironment,
  type CelType,
  DYN,
  EvaluationError,
  fromJson,
  INT,
  type Library,
  listOf,
  mapOf,
  method,
  Opaque,
  opaque,
  STRING,
  TIMESTAMP,
  type Value,
} from '@regatta/cel';
import type { Authorizer, UserInfo } from '../../auth/identity.ts';
import type { AdmissionAttributes } from '../admission.ts';
import { patchLibrary, patchType } from './patch-types.ts';

const AUTHORIZER = opaque('kubernetes.authorization.Authorizer');
const PATH = opaque('kubernetes.authorization.PathCheck');
const GROUP = opaque('kubernetes.authorization.GroupCheck');
const RESOURCE = opaque('kubernetes.authorization.ResourceCheck');
const DECISION = opaque('kubernetes.authorization.Decision');

const object = (name: string, fields: Readonly<Record<string, CelType>>): CelType => ({
  kind: 'object',
  name,
  fields: new Map(
    Object.entries(fields).map(([jsonName, type]) => [
      jsonName === 'namespace' ? '__namespace__' : jsonName,
      { jsonName, type },
    ]),
  ),
});

const GVK = object('kubernetes.GroupVersionKind', { group: STRING, version: STRING, kind: STRING });
const GVR = object('kubernetes.GroupVersionResource', { group: STRING, version: STRING, resource: STRING });
const USER = object('kubernetes.UserInfo', {
  username: STRING,
  uid: STRING,
  groups: listOf(STRING),
  extra: mapOf(STRING, listOf(STRING)),
});
const REQUEST_FIELDS = {
  kind: GVK,
  resource: GVR,
  subResource: STRING,
  requestKind: GVK,
  requestResource: GVR,
  requestSubResource: STRING,
  name: STRING,
  namespace: STRING,
  operation: STRING,
  userInfo: USER,
  dryRun: BOOL,
  options: DYN,
};
/** Namespaces are `request.namespace` to everybody, though the word is CEL's own. */
const REQUEST: CelType = (() => {
  const made = object('kubernetes.AdmissionRequest', REQUEST_FIELDS);
  if (made.kind !== 'object') return made;
  return { ...made, fields: new Map([...made.fields, ['namespace', { jsonName: 'namespace', type: STRING }]]) };
})();

const NAMESPACE = object('kubernetes.Namespace', {
  metadata: object('kubernetes.NamespaceMetadata', {
    name: STRING,
    generateName: STRING,
    namespace: STRING,
    labels: mapOf(STRING, STRING),
    annotations: mapOf(STRING, STRING),
    UID: STRING,
    creationTimestamp: TIMESTAMP,
    deletionGracePeriodSeconds: INT,
    deletionTimestamp: TIMESTAMP,
    generation: INT,
    resourceVersion: STRING,
    finalizers: listOf(STRING),
  }),
  spec: object('kubernetes.NamespaceSpec', { finalizers: listOf(STRING) }),
  status: object('kubernetes.NamespaceStatus', {
    phase: STRING,
    conditions: listOf(
      object('kubernetes.NamespaceCondition', {
        status: STRING,
        type: STRING,
        lastTransitionTime: TIMESTAMP,
        message: STRING,
        reason: STRING,
      }),
    ),
  }),
});

/** What an environment has beside what all have. */
export interface EnvironmentParts {
  /** Of `object` and `oldObject`; anything unless told. */
  readonly object?: CelType;
  /** Undefined where there are none. */
  readonly params?: CelType;
  readonly variables?: CelType;
  /** Messages are made without asking what anybody may do. */
  readonly withoutAuthorizer?: boolean;
  /** Patches are made of objects. */
  readonly patches?: boolean;
}

/** A name that no expression can say. */
const HIDDEN = '';

/** Variables stand in the order of `requestValues`. */
export function admissionEnvironment(parts: EnvironmentParts = {}): CelEnvironment {
  const { object: type = DYN, params, variables, withoutAuthorizer, patches } = parts;
  return {
    variables: [
      ['object', type],
      ['oldObject', type],
      ['request', REQUEST],
      [params ? 'params' : HIDDEN, params ?? DYN],
      ['namespaceObject', NAMESPACE],
      [withoutAuthorizer ? HIDDEN : 'authorizer', AUTHORIZER],
      [withoutAuthorizer ? HIDDEN : 'authorizer.requestResource', RESOURCE],
      [variables ? 'variables' : HIDDEN, variables ?? DYN],
    ],
    libraries: patches ? PATCH_LIBRARIES : LIBRARIES,
    ...(patches ? { structs: patchType } : {}),
  };
}

interface Check {
  readonly authorizer: Authorizer;
  readonly attributes: AdmissionAttributes;
  readonly what: Readonly<Record<string, string>>;
  /** Whoever made the request unless told. */
  readonly user?: UserInfo;
}

function checkAt(args: readonly Value[]): Check {
  const [value] = args;
  if (!(value instanceof Opaque)) throw new TypeError('an authorizer was expected');
  return value.value as Check;
}

function refined(typeName: string, args: readonly Value[], more: Readonly<Record<string, string>>): Value {
  const check = checkAt(args);
  const what = { ...check.what, ...more };
  return new Opaque(typeName, { ...check, what }, JSON.stringify(what));
}

const step = (name: string, from: CelType, to: CelType, field: string): Library[number] =>
  method(name, [from, STRING], to, (args) => {
    const text = String(args[1]);
    if ((name === 'path' || name === 'resource') && text.trim() === '') {
      throw new EvaluationError(`${name} must not be empty`);
    }
    return refined(to.kind === 'opaque' ? to.name : '', args, { [field]: text });
  });

/** Asks in the name of an account from there on. */
function asServiceAccount(args: readonly Value[]): Value {
  const check = checkAt(args);
  const [namespace, name] = [String(args[1]), String(args[2])];
  if (isDNS1123Subdomain(name).length > 0) throw new EvaluationError('Invalid service account name');
  if (isDNS1123Label(namespace).length > 0) throw new EvaluationError('Invalid service account namespace');
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
  const user = { name: `system:serviceaccount:${namespace}:${name}`, groups };
  const of = { ...check, user };
  return new Opaque('kubernetes.authorization.Authorizer', of, JSON.stringify(user));
}

function decide({ authorizer, attributes, what, user = attributes.user }: Check): {
  readonly allowed: boolean;
  readonly reason: string;
} {
  const { path = '', verb = '', fieldSelector, labelSelector } = what;
  const decision = authorizer.authorize({
    user,
    verb,
    isResource: path === '',
    path,
    group: what['group'] ?? '',
    version: '*',
    resource: what['resource'] ?? '',
    subresource: what['subresource'] ?? '',
    namespace: what['namespace'] ?? '',
    name: what['name'] ?? '',
    ...(fieldSelector ? { fieldSelector } : {}),
    ...(labelSelector ? { labelSelector } : {}),
  });
  return { allowed: decision.verdict === 'allow', reason: decision.verdict === 'allow' ? '' : decision.reason };
}

const authorizerLibrary: Library = [
  step('path', AUTHORIZER, PATH, 'path'),
  step('group', AUTHORIZER, GROUP, 'group'),
  step('resource', GROUP, RESOURCE, 'resource'),
  step('subresource', RESOURCE, RESOURCE, 'subresource'),
  step('fieldSelector', RESOURCE, RESOURCE, 'fieldSelector'),
  step('labelSelector', RESOURCE, RESOURCE, 'labelSelector'),
  method('serviceAccount', [AUTHORIZER, STRING, STRING], AUTHORIZER, asServiceAccount),
  step('namespace', RESOURCE, RESOURCE, 'namespace'),
  step('name', RESOURCE, RESOURCE, 'name'),
  ...[PATH, RESOURCE].map((from) =>
    method('check', [from, STRING], DECISION, (args) => {
      const check = checkAt(args);
      const decision = decide({ ...check, what: { ...check.what, verb: String(args[1]) } });
      return new Opaque('kubernetes.authorization.Decision', decision, JSON.stringify(decision));
    }),
  ),
  method('allowed', [DECISION], BOOL, (args) => decisionAt(args).allowed),
  method('reason', [DECISION], STRING, (args) => decisionAt(args).reason),
  method('errored', [DECISION], BOOL, () => false),
  method('error', [DECISION], STRING, () => ''),
];

const LIBRARIES = [authorizerLibrary];
const PATCH_LIBRARIES = [authorizerLibrary, patchLibrary];

function decisionAt(args: readonly Value[]): { readonly allowed: boolean; readonly reason: string } {
  const [value] = args;
  return value instanceof Opaque
    ? (value.value as { allowed: boolean; reason: string })
    : { allowed: false, reason: '' };
}

export interface RequestFacts {
  readonly attributes: AdmissionAttributes;
  /** In the version of whoever asks. */
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  readonly request: object;
  readonly params?: unknown;
  readonly namespaceObject?: unknown;
  readonly authorizer: Authorizer;
}

/** Values of the environment's variables; `variables` comes last and has none yet. */
export function requestValues(facts: RequestFacts): Value[] {
  const { attributes, object, oldObject, request, params, namespaceObject, authorizer } = facts;
  const { group, resource, subresource, namespace, name } = attributes;
  const check = (typeName: string, what: object): Value => new Opaque(typeName, { authorizer, attributes, what }, '');
  return [
    fromJson(object ?? null, DYN),
    fromJson(oldObject ?? null, DYN),
    fromJson(request, REQUEST),
    fromJson(params ?? null, DYN),
    fromJson(namespaceObject ?? null, NAMESPACE),
    check('kubernetes.authorization.Authorizer', {}),
    check('kubernetes.authorization.ResourceCheck', { group, resource, subresource, namespace, name }),
    null,
  ];
}
