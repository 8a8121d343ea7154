/**
 * Volumes of a Pod (upstream: ValidateVolumes, validateVolumeSource of pkg/apis/core/validation/validation.go).
 */
import { isDNS1123Subdomain, type ObjectMeta, type Volume } from '@regatta/api';
import { ErrorList } from '../../validation/error-list.ts';
import { eachItem, type Maybe } from '../../validation/lists.ts';
import type { Path } from '../../validation/path.ts';
import { checkDnsLabel } from '../../validation/rules.ts';
import { checkVolumeClaimTemplate } from '../persistent-volume-claim/spec-rules.ts';
import { fileSources } from './file-volumes.ts';
import { checkProjected } from './projected-volumes.ts';
import { remoteSources } from './remote-volumes.ts';

/** The checks of one kind of source, and where upstream tells what it finds if not at the field's own name. */
export interface SourceCheck {
  readonly field: Exclude<keyof Volume, 'name'>;
  check(errors: ErrorList, path: Path, volume: Volume): void;
  /** Where errors of the source are told. */
  readonly at?: string;
  /** Where a second source is told. */
  readonly secondAt?: string;
}

/** In upstream's order: the first one given counts, further ones are refused. */
const SOURCES: readonly SourceCheck[] = orderSources([
  ...fileSources,
  ...remoteSources,
  { field: 'projected', check: (errors, path, { projected }) => projected && checkProjected(errors, path, projected) },
  {
    field: 'ephemeral',
    check(errors, path, { ephemeral }) {
      const at = path.child('volumeClaimTemplate');
      if (!ephemeral?.volumeClaimTemplate) errors.required(at);
      else checkVolumeClaimTemplate(errors, at, ephemeral.volumeClaimTemplate);
    },
  },
]);

function orderSources(sources: readonly SourceCheck[]): SourceCheck[] {
  const order: readonly SourceCheck['field'][] = [
    'emptyDir',
    'hostPath',
    'gitRepo',
    'gcePersistentDisk',
    'awsElasticBlockStore',
    'secret',
    'nfs',
    'iscsi',
    'glusterfs',
    'flocker',
    'persistentVolumeClaim',
    'rbd',
    'cinder',
    'cephfs',
    'quobyte',
    'downwardAPI',
    'fc',
    'flexVolume',
    'configMap',
    'azureFile',
    'vsphereVolume',
    'photonPersistentDisk',
    'portworxVolume',
    'azureDisk',
    'storageos',
    'projected',
    'scaleIO',
    'csi',
    'ephemeral',
    'image',
  ];
  return order.flatMap((field) => sources.filter((source) => source.field === field));
}

const BY_FIELD: ReadonlyMap<string, SourceCheck> = new Map(SOURCES.map((source) => [source.field, source]));

/** @returns the valid volumes by name */
export function checkVolumes(
  errors: ErrorList,
  path: Path,
  volumes: Maybe<readonly Volume[]>,
  meta: ObjectMeta | undefined,
): ReadonlyMap<string, Volume> {
  const valid = new Map<string, Volume>();
  if (!volumes || volumes.length === 0) return valid;
  const claims = claimsOfPod(volumes, meta);
  eachItem(volumes, path, (volume, at) => {
    const own = new ErrorList();
    checkSource(own, at, volume, meta);
    if (!volume.name) own.required(at.child('name'));
    else checkDnsLabel(own, at.child('name'), volume.name);
    if (valid.has(volume.name)) own.duplicate(at.child('name'), volume.name);
    if (own.length === 0) valid.set(volume.name, volume);
    else errors.append(own);
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim && claims.has(claim)) {
      const why = 'must not reference a PVC that gets created for an ephemeral volume';
      errors.invalid(at.child('persistentVolumeClaim').child('claimName'), claim, why);
    }
  });
  return valid;
}

/** Names of the claims that ephemeral volumes bring along. */
function claimsOfPod(volumes: readonly Volume[], meta: ObjectMeta | undefined): ReadonlySet<string> {
  if (!meta?.name) return new Set();
  return new Set(volumes.flatMap(({ name, ephemeral }) => (ephemeral ? [`${meta.name}-${name}`] : [])));
}

function checkSource(errors: ErrorList, path: Path, volume: Volume, meta: ObjectMeta | undefined): void {
  const given = givenSources(volume);
  const [first, ...others] = given;
  if (!first) errors.required(path, 'must specify a volume type');
  else first.check(errors, path.child(first.at ?? first.field), volume);
  for (const other of others) {
    errors.forbidden(path.child(other.secondAt ?? other.at ?? other.field), 'may not specify more than 1 volume type');
  }
  if (first?.field === 'ephemeral' && meta?.name && volume.name) {
    const claim = `${meta.name}-${volume.name}`;
    for (const message of isDNS1123Subdomain(claim)) {
      errors.invalid(path.child('name'), volume.name, `PVC name "${claim}": ${message}`);
    }
  }
}

function givenSources(volume: Volume): SourceCheck[] {
  const given: SourceCheck[] = [];
  for (const field in volume) {
    const source = BY_FIELD.get(field);
    if (source) given.push(source);
  }
  return given.length < 2 ? given : SOURCES.filter((source) => given.includes(source));
}
