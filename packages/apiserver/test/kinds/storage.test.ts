/**
 * What becomes of volumes, claims and classes beyond what the recordings show: updates.
 */
import type {
  ControllerRevision,
  CSIDriver,
  FieldError,
  KubeObject,
  PersistentVolume,
  PersistentVolumeClaim,
  RuntimeClass,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
} from '@regatta/api';
import { describe, expect, it } from 'vitest';
import { controllerRevisionStrategy } from '../../src/kinds/apps/controller-revision.ts';
import { persistentVolumeStrategy } from '../../src/kinds/core/persistent-volume/strategy.ts';
import { persistentVolumeClaimStrategy } from '../../src/kinds/core/persistent-volume-claim/strategy.ts';
import { runtimeClassStrategy } from '../../src/kinds/node/runtime-class.ts';
import { csiDriverStrategy } from '../../src/kinds/storage/csi.ts';
import { storageClassStrategy } from '../../src/kinds/storage/storage-class.ts';
import { volumeAttachmentStrategy, volumeAttributesClassStrategy } from '../../src/kinds/storage/volume-attachment.ts';
import type { Strategy, WriteContext } from '../../src/registry/strategy.ts';

const CONTEXT = {} as WriteContext;

/** The fields and first lines of what is wrong with a change. */
function refusals<T extends KubeObject>(strategy: Strategy<T>, old: T, change: (object: T) => void): string[] {
  const now = structuredClone(old);
  change(now);
  const errors: FieldError[] = strategy.validateUpdate?.(now, old, CONTEXT) ?? [];
  return errors.map(({ field, detail }) => `${field}: ${detail.split('\n')[0]}`);
}

const claim: PersistentVolumeClaim = {
  metadata: { name: 'c', namespace: 'n' },
  spec: { accessModes: ['ReadWriteOnce'], volumeMode: 'Filesystem', resources: { requests: { storage: '2Gi' } } },
  status: { phase: 'Bound', capacity: { storage: '1Gi' } },
};
const volume: PersistentVolume = {
  metadata: { name: 'v' },
  spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/a', type: '' } },
};
const storageClass: StorageClass = {
  metadata: { name: 's' },
  provisioner: 'a.example.com',
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'Immediate',
};

describe('updates of claims', () => {
  const wrong = (change: (claim: PersistentVolumeClaim) => void): string[] =>
    refusals(persistentVolumeClaimStrategy, claim, change);
  const ask = (storage: string) => (wanted: PersistentVolumeClaim) => {
    wanted.spec = { ...wanted.spec, resources: { requests: { storage } } };
  };

  it('KIND-14: a bound claim may ask for more, and for less again, but not for less than it has', () => {
    expect(wrong(ask('3Gi'))).toEqual([]);
    expect(wrong(ask('1536Mi'))).toEqual([]);
    expect(wrong(ask('1Gi'))).toEqual(['spec.resources.requests.storage: field can not be less than status.capacity']);
  });

  it('KIND-14: a claim is bound once, and nothing else of it changes', () => {
    expect(wrong((wanted) => Object.assign(wanted.spec ?? {}, { volumeName: 'v' }))).toEqual([]);
    expect(wrong((wanted) => Object.assign(wanted.spec ?? {}, { accessModes: ['ReadOnlyMany'] }))).toEqual([
      'spec: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
    ]);
  });

  it('KIND-14: a claim without a class may get one', () => {
    expect(wrong((wanted) => Object.assign(wanted.spec ?? {}, { storageClassName: 'fast' }))).toEqual([]);
  });
});

describe('updates of volumes and classes', () => {
  it('KIND-14: what a volume stands for never changes', () => {
    const change = (wanted: PersistentVolume): void => {
      wanted.spec = { ...wanted.spec, hostPath: { path: '/b', type: '' } };
    };
    expect(refusals(persistentVolumeStrategy, volume, change)).toEqual([
      'spec.persistentvolumesource: spec.persistentvolumesource is immutable after creation',
    ]);
  });

  it('KIND-14: of a class only what people see changes', () => {
    const change = (wanted: StorageClass): void => {
      wanted.parameters = { type: 'ssd' };
      wanted.provisioner = 'b.example.com';
      wanted.reclaimPolicy = 'Retain';
      wanted.allowVolumeExpansion = true;
    };
    expect(refusals(storageClassStrategy, storageClass, change)).toEqual([
      'parameters: updates to parameters are forbidden.',
      'provisioner: updates to provisioner are forbidden.',
      'reclaimPolicy: updates to reclaimPolicy are forbidden.',
    ]);
  });
});

describe('updates of what drivers and runtimes say of themselves', () => {
  const metadata = { name: 'a.example.com' };
  const driver: CSIDriver = { metadata, spec: { attachRequired: true, volumeLifecycleModes: ['Persistent'] } };
  const attributes: VolumeAttributesClass = { metadata, driverName: 'a.example.com', parameters: { iops: '1' } };
  const runtime: RuntimeClass = { metadata, handler: 'one' };
  const revision: ControllerRevision = { metadata, revision: 1, data: { spec: 1 } };
  const attachment: VolumeAttachment = {
    metadata,
    spec: { attacher: 'a.example.com', nodeName: 'n', source: { persistentVolumeName: 'v' } },
  };

  it('KIND-17: what others rely on never changes', () => {
    expect(refusals(csiDriverStrategy, driver, ({ spec }) => Object.assign(spec, { attachRequired: false }))).toEqual([
      'spec.attachedRequired: field is immutable',
    ]);
    expect(refusals(csiDriverStrategy, driver, ({ spec }) => Object.assign(spec, { podInfoOnMount: true }))).toEqual(
      [],
    );
    expect(refusals(volumeAttributesClassStrategy, attributes, (now) => (now.parameters = { iops: '2' }))).toEqual([
      'parameters: updates to parameters are forbidden.',
    ]);
    expect(refusals(runtimeClassStrategy, runtime, (now) => (now.handler = 'two'))).toEqual([
      'handler: field is immutable',
    ]);
    expect(refusals(controllerRevisionStrategy, revision, (now) => (now.data = { spec: 2 }))).toEqual([
      'data: field is immutable',
    ]);
    expect(refusals(controllerRevisionStrategy, revision, (now) => (now.revision = 2))).toEqual([]);
    expect(refusals(volumeAttachmentStrategy, attachment, ({ spec }) => (spec.nodeName = 'm'))).toEqual([
      'spec: field is immutable',
    ]);
  });
});
