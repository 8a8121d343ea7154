/**
 * Parameters for the drivers of volumes (upstream: validateParameters of pkg/apis/storage/validation/validation.go).
 */
import type { ErrorList } from '../validation/error-list.ts';
import { eachEntry } from '../validation/lists.ts';
import { Path } from '../validation/path.ts';

const PARAMETERS = Path.root('parameters');
/** Most parameters that a class may have, and most bytes of them all. */
const MOST = { count: 512, bytes: 256 * 1024 } as const;

export function checkParameters(
  errors: ErrorList,
  parameters: Readonly<Record<string, string>> | undefined,
  mayBeEmpty: boolean,
): void {
  const count = Object.keys(parameters ?? {}).length;
  if (count > MOST.count) {
    errors.tooLong(PARAMETERS, 'Provisioner Parameters exceeded max allowed', MOST.count);
    return;
  }
  let bytes = 0;
  eachEntry(parameters, (key, value) => {
    if (key === '') errors.invalid(PARAMETERS, key, 'field can not be empty.');
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  });
  if (bytes > MOST.bytes) errors.tooLong(PARAMETERS, '', MOST.bytes);
  if (!mayBeEmpty && count === 0) errors.required(PARAMETERS, 'must contain at least one key/value pair');
}
