/**
 * Rows of admission, flow control and device kinds.
 */
import type {
  FlowSchema,
  KubeObject,
  LeaseCandidate,
  MutatingAdmissionPolicy,
  MutatingWebhookConfiguration,
  PriorityLevelConfiguration,
  ResourceSlice,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '@regatta/api';
import { NONE, UNSET } from '../format.ts';
import { since } from '../human-duration.ts';
import { type Cell, type Printer, printer } from '../printer.ts';

const age = (object: KubeObject, now: number): string => since(object.metadata.creationTimestamp, now);

/** Validating and mutating alike. */
export const webhookConfigurationPrinter = printer<MutatingWebhookConfiguration>(
  'MutatingWebhookConfiguration',
  ['Name', 'Webhooks:integer', 'Age'],
  (o, now) => [o.metadata.name, o.webhooks?.length ?? 0, age(o, now)],
);

function paramKind(kind: { apiVersion?: string; kind?: string } | undefined): string {
  return kind ? `${kind.apiVersion ?? ''}/${kind.kind ?? ''}` : UNSET;
}

export const validatingAdmissionPolicyPrinter = printer<ValidatingAdmissionPolicy>(
  'ValidatingAdmissionPolicy',
  ['Name', 'Validations:integer', 'ParamKind', 'Age'],
  (o, now) => [o.metadata.name, o.spec.validations?.length ?? 0, paramKind(o.spec.paramKind), age(o, now)],
);

export const mutatingAdmissionPolicyPrinter = printer<MutatingAdmissionPolicy>(
  'MutatingAdmissionPolicy',
  ['Name', 'Mutations:integer', 'ParamKind', 'Age'],
  (o, now) => [o.metadata.name, o.spec.mutations?.length ?? 0, paramKind(o.spec.paramKind), age(o, now)],
);

/** Bindings of both kinds of policy. */
export const admissionPolicyBindingPrinter = printer<ValidatingAdmissionPolicyBinding>(
  'ValidatingAdmissionPolicyBinding',
  ['Name', 'PolicyName', 'ParamRef', 'Age'],
  (o, now) => [o.metadata.name, o.spec.policyName ?? '', paramRef(o.spec.paramRef), age(o, now)],
);

function paramRef(ref: { name?: string; namespace?: string } | undefined): string {
  if (!ref) return UNSET;
  return ref.namespace ? `${ref.namespace}/${ref.name ?? ''}` : (ref.name ?? '');
}

export const flowSchemaPrinter = printer<FlowSchema>(
  'FlowSchema',
  ['Name', 'PriorityLevel', 'MatchingPrecedence', 'DistinguisherMethod', 'Age', 'MissingPL'],
  (o, now) => {
    const dangling = (o.status?.conditions ?? []).find((c) => c.type === 'Dangling');
    return [
      o.metadata.name,
      o.spec.priorityLevelConfiguration.name,
      o.spec.matchingPrecedence ?? 0,
      o.spec.distinguisherMethod?.type ?? NONE,
      age(o, now),
      dangling?.status ?? '?',
    ];
  },
);

export const priorityLevelConfigurationPrinter = printer<PriorityLevelConfiguration>(
  'PriorityLevelConfiguration',
  ['Name', 'Type', 'NominalConcurrencyShares', 'Queues', 'HandSize', 'QueueLengthLimit', 'Age'],
  (o, now) => {
    const shares = o.spec.limited?.nominalConcurrencyShares ?? o.spec.exempt?.nominalConcurrencyShares;
    const queuing = o.spec.limited?.limitResponse?.queuing;
    return [
      o.metadata.name,
      o.spec.type,
      shares ?? NONE,
      queuing?.queues ?? NONE,
      queuing?.handSize ?? NONE,
      queuing?.queueLengthLimit ?? NONE,
      age(o, now),
    ];
  },
);

/** What a ResourceClaim's row needs of it: the plain name is another type's in the generated types. */
interface Claim extends KubeObject {
  readonly status?: { readonly allocation?: object; readonly reservedFor?: readonly object[] };
}

export const resourceClaimPrinter = printer<Claim>('ResourceClaim', ['Name', 'State', 'Age'], (o, now) => [
  o.metadata.name,
  claimState(o),
  age(o, now),
]);

function claimState({ metadata, status }: Claim): string {
  const states: string[] = metadata.deletionTimestamp ? ['deleted'] : [];
  if (status?.allocation) states.push('allocated');
  if ((status?.reservedFor?.length ?? 0) > 0) states.push('reserved');
  return states.join(',') || 'pending';
}

export const resourceSlicePrinter = printer<ResourceSlice>(
  'ResourceSlice',
  ['Name', 'Node', 'Driver', 'Pool', 'Age'],
  (o, now) => [o.metadata.name, o.spec.nodeName || UNSET, o.spec.driver, o.spec.pool.name, age(o, now)],
);

export const leaseCandidatePrinter = printer<LeaseCandidate>(
  'LeaseCandidate',
  ['Name', 'LeaseName', 'BinaryVersion', 'EmulationVersion', 'Age'],
  (o, now): Cell[] => [
    o.metadata.name,
    o.spec.leaseName,
    o.spec.binaryVersion,
    o.spec.emulationVersion ?? '',
    age(o, now),
  ],
);

/** Kinds that show their name and age. */
export const nameAndAgePrinter: Printer = printer('', ['Name', 'Age'], (o, now) => [o.metadata.name, age(o, now)]);
