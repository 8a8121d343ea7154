/**
 * Files of the downward API (upstream: validateDownwardAPIVolumeFile of pkg/apis/core/validation/validation.go).
 */
import type { DownwardAPIVolumeFile } from '@regatta/api';
import type { ErrorList } from '../../validation/error-list.ts';
import type { Path } from '../../validation/path.ts';
import { checkFieldRef, checkResourceRef, FILE_FIELDS } from './field-selectors.ts';
import { checkFileMode, checkLocalPath } from './paths.ts';

export function checkDownwardFile(errors: ErrorList, path: Path, file: DownwardAPIVolumeFile): void {
  if (!file.path) errors.required(path.child('path'));
  checkLocalPath(errors, path.child('path'), file.path);
  if (file.fieldRef) {
    checkFieldRef(errors, path.child('fieldRef'), file.fieldRef, FILE_FIELDS);
    if (file.resourceFieldRef) {
      errors.invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously');
    }
  } else if (file.resourceFieldRef) {
    checkResourceRef(errors, path.child('resourceFieldRef'), file.resourceFieldRef, true);
  } else {
    errors.required(path, 'one of fieldRef and resourceFieldRef is required');
  }
  checkFileMode(errors, path.child('mode'), file.mode);
}
