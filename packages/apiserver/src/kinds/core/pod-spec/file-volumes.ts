/**
 * Volumes whose files come from the API, the node or an image (upstream: pkg/apis/core/validation/validation.go).
 */
import { isDNS1123Subdomain, type KeyToPath, numericValue, Quantity, type Volume } from '@regatta/api';
import type { ErrorList } from '../../validation/error-list.ts';
import { eachItem, type Maybe } from '../../validation/lists.ts';
import type { Path } from '../../validation/path.ts';
import { checkDownwardFile } from './downward-files.ts';
import { checkDescendingPath, checkFileMode, checkLocalPath, checkNoBacksteps } from './paths.ts';
import type { SourceCheck } from './volumes.ts';

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];

export const fileSources: readonly SourceCheck[] = [
  {
    field: 'emptyDir',
    check(errors, path, { emptyDir }) {
      const limit = emptyDir?.sizeLimit;
      if (limit !== undefined && numericValue(limit) <= 0 && Quantity.parse(limit).sign < 0) {
        errors.forbidden(path.child('sizeLimit'), 'SizeLimit field must be a valid resource quantity');
      }
    },
  },
  { field: 'hostPath', check: (errors, path, { hostPath }) => hostPath && checkHostPath(errors, path, hostPath) },
  {
    field: 'gitRepo',
    check(errors, path, { gitRepo }) {
      if (!gitRepo?.repository) errors.required(path.child('repository'));
      checkDescendingPath(errors, path.child('directory'), gitRepo?.directory ?? '');
    },
  },
  {
    field: 'secret',
    check(errors, path, { secret }) {
      if (!secret?.secretName) errors.required(path.child('secretName'));
      checkFileMode(errors, path.child('defaultMode'), secret?.defaultMode);
      checkKeys(errors, path.child('items'), secret?.items);
    },
  },
  {
    field: 'configMap',
    check(errors, path, { configMap }) {
      if (!configMap?.name) errors.required(path.child('name'));
      checkFileMode(errors, path.child('defaultMode'), configMap?.defaultMode);
      checkKeys(errors, path.child('items'), configMap?.items);
    },
  },
  {
    field: 'downwardAPI',
    secondAt: 'downwarAPI',
    check(errors, path, { downwardAPI }) {
      checkFileMode(errors, path.child('defaultMode'), downwardAPI?.defaultMode);
      for (const file of downwardAPI?.items ?? []) checkDownwardFile(errors, path, file);
    },
  },
  {
    field: 'persistentVolumeClaim',
    check(errors, path, { persistentVolumeClaim }) {
      if (!persistentVolumeClaim?.claimName) errors.required(path.child('claimName'));
    },
  },
  { field: 'csi', check: (errors, path, { csi }) => csi && checkCsi(errors, path, csi) },
  {
    field: 'image',
    check(errors, path, { image }) {
      if (!image?.reference) errors.required(path.child('reference'));
      const policy = image?.pullPolicy;
      if (!policy) errors.required(path.child('pullPolicy'));
      else if (!PULL_POLICIES.includes(policy)) errors.notSupported(path.child('pullPolicy'), policy, PULL_POLICIES);
    },
  },
];

export function checkHostPath(errors: ErrorList, path: Path, hostPath: NonNullable<Volume['hostPath']>): void {
  if (!hostPath.path) {
    errors.required(path.child('path'));
    return;
  }
  checkNoBacksteps(errors, path.child('path'), hostPath.path);
  const { type } = hostPath;
  if (type !== undefined && !HOST_PATH_TYPES.includes(type))
    errors.notSupported(path.child('type'), type, HOST_PATH_TYPES);
}

export function checkKeys(errors: ErrorList, path: Path, items: Maybe<readonly KeyToPath[]>): void {
  eachItem(items, path, (item, at) => checkKeyToPath(errors, at, item));
}

export function checkKeyToPath(errors: ErrorList, at: Path, item: KeyToPath): void {
  if (!item.key) errors.required(at.child('key'));
  if (!item.path) errors.required(at.child('path'));
  checkLocalPath(errors, at.child('path'), item.path);
  checkFileMode(errors, at.child('mode'), item.mode);
}

function checkCsi(errors: ErrorList, path: Path, csi: NonNullable<Volume['csi']>): void {
  checkCsiDriver(errors, path.child('driver'), csi.driver);
  if (!csi.nodePublishSecretRef) return;
  const { name } = csi.nodePublishSecretRef;
  if (!name) errors.required(path.child('nodePublishSecretRef').child('name'));
  else errors.invalidEach(path.child('name'), name, isDNS1123Subdomain(name));
}

export function checkCsiDriver(errors: ErrorList, at: Path, driver: string): void {
  if (!driver) {
    errors.required(at);
    return;
  }
  if (driver.length > 63) errors.tooLong(at, driver, 63);
  errors.invalidEach(at, driver, isDNS1123Subdomain(driver.toLowerCase()));
}
