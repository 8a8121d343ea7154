/**
 * Names that carry a domain, `acme.io/foo` (upstream: IsDomainPrefixedPath of
 * k8s.io/apimachinery/pkg/util/validation/validation.go).
 */
import { isDNS1123Subdomain, isHTTPPath } from '@regatta/api';
import type { ErrorList } from './error-list.ts';
import type { Path } from './path.ts';

export function checkDomainPath(errors: ErrorList, at: Path, name: string): void {
  if (!name) {
    errors.required(at);
    return;
  }
  const slash = name.indexOf('/');
  const [domain, path] = [name.slice(0, Math.max(slash, 0)), name.slice(slash + 1)];
  if (!domain || !path) {
    errors.invalid(at, name, 'must be a domain-prefixed path (such as "acme.io/foo")');
    return;
  }
  errors.invalidEach(at, domain, isDNS1123Subdomain(domain));
  errors.invalidEach(at, path, isHTTPPath(path));
}
