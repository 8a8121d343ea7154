/**
 * What agnhost's webhook answers to each kind of review (upstream: test/images/agnhost/webhook/{addlabel,alwaysdeny,
 * alwaysallow,configmap,crd,customresource,pods}.go). Pure: waiting and HTTP are webhook.ts's.
 */
export interface ReviewRequest {
  readonly uid?: string;
  readonly name?: string;
  readonly operation?: string;
  readonly resource?: Resource;
  readonly subResource?: string;
  readonly object?: Reviewed | null;
  readonly oldObject?: Reviewed | null;
}

interface Resource {
  readonly group?: string;
  readonly version?: string;
  readonly resource?: string;
}

interface Reviewed {
  readonly metadata?: { readonly name?: string; readonly labels?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: { readonly containers?: readonly Named[]; readonly initContainers?: readonly Named[] };
  /** Of PodAttachOptions. */
  readonly stdin?: boolean;
  readonly container?: string;
}

interface Named {
  readonly name?: string;
}

export interface Verdict {
  readonly allowed: boolean;
  readonly status?: {
    readonly status?: string;
    readonly message?: string;
    readonly reason?: string;
    readonly code?: number;
  };
  readonly patch?: readonly object[];
}

export type Review = (request: ReviewRequest) => Verdict;

/** A review of something that the webhook is not for: upstream's handler answers nothing, and the connection ends. */
export class UnexpectedResource extends Error {
  readonly code = 'unexpected-resource';
}

const ALLOWED: Verdict = { allowed: true };
const KEY = 'webhook-e2e-test';
const PODS: Resource = { group: '', version: 'v1', resource: 'pods' };
const CONFIG_MAPS: Resource = { group: '', version: 'v1', resource: 'configmaps' };
const DEFINITIONS: readonly Resource[] = ['v1beta1', 'v1'].map((version) => ({
  group: 'apiextensions.k8s.io',
  version,
  resource: 'customresourcedefinitions',
}));

function denied(message: string): Verdict {
  return { allowed: false, status: { message } };
}

export const alwaysAllow: Review = () => ALLOWED;

export const alwaysDeny: Review = () => denied('this webhook denies all requests');

export const addLabel: Review = ({ object }) => {
  const labels = object?.metadata?.labels ?? {};
  const path = '/metadata/labels/added-label';
  if (Object.keys(labels).length === 0) {
    return patched({ op: 'add', path: '/metadata/labels', value: { 'added-label': 'yes' } });
  }
  const label = labels['added-label'];
  if (label === undefined) return patched({ op: 'add', path, value: 'yes' });
  return label === 'yes' ? ALLOWED : patched({ op: 'replace', path, value: 'yes' });
};

function patched(...patch: readonly object[]): Verdict {
  return { allowed: true, patch };
}

/** A label that keeps upstream's server from ever answering. */
export function waitsForever({ object }: ReviewRequest): boolean {
  return object?.metadata?.labels?.[KEY] === 'wait-forever';
}

export const admitPods: Review = ({ resource, object }) => {
  if (!isSame(resource, PODS)) return denied(`expect resource to be ${shown(PODS)}`);
  const problems = [
    ...(object?.metadata?.labels?.[KEY] === 'webhook-disallow' ? ['the pod contains unwanted label;'] : []),
    ...(object?.spec?.containers ?? [])
      .filter(({ name }) => name?.includes('webhook-disallow'))
      .map(() => 'the pod contains unwanted container name;'),
  ];
  return problems.length === 0 ? ALLOWED : denied(problems.join(' '));
};

export const denyAttachment: Review = ({ name, resource, subResource, object }) => {
  if (name !== 'to-be-attached-pod') return ALLOWED;
  if (!isSame(resource, PODS)) return denied(`expect resource to be ${shown(PODS)}, got ${shown(resource)}`);
  if (subResource !== 'attach') return denied(`expect subresource to be attach, got ${subResource ?? ''}`);
  if (!object?.stdin || object.container !== 'container1') return ALLOWED;
  return denied(`attaching to pod 'to-be-attached-pod' is not allowed`);
};

export const mutatePods: Review = (request) => {
  const { metadata, spec } = reviewed(request, PODS);
  const name = 'webhook-added-init-container';
  if (metadata?.name !== 'webhook-to-be-mutated' || has(spec?.initContainers, name)) return ALLOWED;
  const value = [{ image: 'webhook-added-image', name, resources: {} }];
  return patched({ op: 'add', path: '/spec/initContainers', value });
};

/** @param image of --sidecar-image */
export function mutatePodsSidecar(image: string): Review {
  if (image === '') {
    const message = 'No image specified by the sidecar-image parameter';
    return () => ({ allowed: false, status: { status: 'Failure', message, code: 500 } });
  }
  return (request) => {
    const name = 'webhook-added-sidecar';
    if (has(reviewed(request, PODS).spec?.containers, name)) return ALLOWED;
    return patched({ op: 'add', path: '/spec/containers/-', value: { image, name, resources: {} } });
  };
}

function has(containers: readonly Named[] | undefined, name: string): boolean {
  return (containers ?? []).some((container) => container.name === name);
}

export const admitConfigMaps: Review = (request) => {
  if (!isSame(request.resource, CONFIG_MAPS))
    throw new UnexpectedResource(`expect resource to be ${shown(CONFIG_MAPS)}`);
  return admitData(request, 'the configmap contains unwanted key and value', 'the configmap');
};

export const admitCustomResource: Review = (request) =>
  admitData(request, 'the custom resource contains unwanted data', 'the custom resource');

/** Refusals are reasons here, without a message. */
function admitData({ operation, object, oldObject }: ReviewRequest, unwanted: string, what: string): Verdict {
  const value = (operation === 'DELETE' ? oldObject : object)?.data?.[KEY];
  if (value === 'webhook-disallow' && (operation === 'CREATE' || operation === 'UPDATE')) {
    return { allowed: false, status: { reason: unwanted } };
  }
  if (value === 'webhook-nondeletable' && operation === 'DELETE') {
    const reason = `${what} cannot be deleted because it contains unwanted key and value`;
    return { allowed: false, status: { reason } };
  }
  return ALLOWED;
}

export const mutateConfigMaps: Review = (request) => mutateData(reviewed(request, CONFIG_MAPS));

export const mutateCustomResource: Review = ({ object }) => mutateData(object ?? {});

/** The second stage follows only upon the first, so that a test sees webhooks called in turn or again. */
function mutateData({ data }: Reviewed): Verdict {
  const stage = (number: number) => patched({ op: 'add', path: `/data/mutation-stage-${number}`, value: 'yes' });
  if (data?.['mutation-stage-1'] === 'yes') return stage(2);
  return data?.['mutation-start'] === 'yes' ? stage(1) : ALLOWED;
}

export const admitDefinition: Review = ({ resource, object }) => {
  if (!DEFINITIONS.some((one) => isSame(resource, one))) {
    return denied(`expect resource to be one of [${DEFINITIONS.map(shown).join(', ')}] but got ${shown(resource)}`);
  }
  if (object?.metadata?.labels?.[KEY] !== 'webhook-disallow') return ALLOWED;
  return denied('the crd contains unwanted label');
};

function reviewed({ resource, object }: ReviewRequest, expected: Resource): Reviewed {
  if (!isSame(resource, expected)) throw new UnexpectedResource(`expect resource to be ${shown(expected)}`);
  return object ?? {};
}

function isSame(a: Resource = {}, b: Resource): boolean {
  return (a.group ?? '') === b.group && a.version === b.version && a.resource === b.resource;
}

/** As Go prints the struct. */
function shown({ group = '', version = '', resource = '' }: Resource = {}): string {
  return `{${group} ${version} ${resource}}`;
}
