/**
 * Names of signers: `example.com/serving` (upstream: ValidateSignerName of pkg/apis/core/validation/validation.go).
 */
import { isDNS1123Label, isDNS1123Subdomain } from '@regatta/api';
import type { ErrorList } from './error-list.ts';
import type { Path } from './path.ts';

const LONGEST_DOMAIN = 253;
const LONGEST_LABEL = 63;
/** A namespace and a name, joined by a dot. */
const LONGEST_PATH = LONGEST_DOMAIN + LONGEST_LABEL + 1;
const LONGEST_NAME = LONGEST_DOMAIN + LONGEST_PATH + 1;

export function checkSignerName(errors: ErrorList, at: Path, name: string): void {
  if (name === '') return errors.required(at);
  const [domain = '', path, more] = name.split('/');
  if (path === undefined || more !== undefined) {
    return errors.invalid(at, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
  }
  if (domain.length > LONGEST_DOMAIN) errors.tooLong(at, domain, LONGEST_DOMAIN);
  const labels = domain.split('.');
  for (const label of labels) labelErrors(errors, at, domain, label, isDNS1123Label(label));
  if (labels.length < 2) {
    errors.invalid(at, domain, 'should be a domain with at least two segments separated by dots');
  }
  for (const label of path.split('.')) labelErrors(errors, at, path, label, isDNS1123Subdomain(label));
  if (path.length > LONGEST_PATH) errors.tooLong(at, path, LONGEST_PATH);
  if (name.length > LONGEST_NAME) errors.tooLong(at, name, LONGEST_NAME);
}

function labelErrors(errors: ErrorList, at: Path, value: string, label: string, problems: readonly string[]): void {
  for (const problem of problems) errors.invalid(at, value, `validating label ${JSON.stringify(label)}: ${problem}`);
}
