/**
 * ConfigMaps (upstream: pkg/registry/core/configmap/strategy.go, ValidateConfigMap of
 * pkg/apis/core/validation/validation.go).
 */
import { type ConfigMap, isConfigMapKey } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachEntry, has } from '../validation/lists.ts';
import { Path } from '../validation/path.ts';
import { checkImmutableData } from './immutable-data.ts';

const DATA = Path.root('data');
const BINARY_DATA = Path.root('binaryData');
const MAX_BYTES = 1024 * 1024;
/** The path of an empty name, as upstream prints it. */
const WHOLE = Path.root('[]');

export const configMapStrategy: Strategy<ConfigMap> = {
  validate: (map) => validateConfigMap(map).errors,
  validateUpdate(map, old) {
    const errors = new ErrorList();
    checkImmutableData(errors, map, old, ['data', 'binaryData']);
    errors.append(validateConfigMap(map));
    return errors.errors;
  },
};

function validateConfigMap({ data, binaryData }: ConfigMap): ErrorList {
  const errors = new ErrorList();
  let size = 0;
  eachEntry(data, (key, value) => {
    errors.invalidEach(DATA.key(key), key, isConfigMapKey(key));
    if (has(binaryData, key)) errors.invalid(DATA.key(key), key, 'duplicate of key present in binaryData');
    size += Buffer.byteLength(value);
  });
  eachEntry(binaryData, (key, value) => {
    errors.invalidEach(BINARY_DATA.key(key), key, isConfigMapKey(key));
    size += Buffer.byteLength(value ?? '', 'base64');
  });
  if (size > MAX_BYTES) errors.tooLong(WHOLE, '', MAX_BYTES);
  return errors;
}
