/**
 * Which requests a webhook is asked about (upstream: validateRuleWithOperations of
 * pkg/apis/admissionregistration/validation/validation.go).
 */
import type { RuleWithOperations } from '@regatta/api';
import type { ErrorList } from '../validation/error-list.ts';
import { eachItem, isEmptyList, type Maybe } from '../validation/lists.ts';
import type { Path } from '../validation/path.ts';

const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const SCOPES = ['*', 'Cluster', 'Namespaced'];

export function checkRule(errors: ErrorList, path: Path, rule: RuleWithOperations): void {
  const at = path.child('operations');
  checkAlone(errors, at, rule.operations, 'operations');
  eachItem(rule.operations, at, (operation, operationAt) => {
    if (!OPERATIONS.includes(operation)) errors.notSupported(operationAt, operation, OPERATIONS);
  });
  checkAlone(errors, path.child('apiGroups'), rule.apiGroups, 'API groups');
  checkAlone(errors, path.child('apiVersions'), rule.apiVersions, 'API versions');
  eachItem(rule.apiVersions, path.child('apiVersions'), (version, versionAt) => {
    if (version === '') errors.required(versionAt);
  });
  checkResources(errors, path.child('resources'), rule.resources);
  if (rule.scope !== undefined && !SCOPES.includes(rule.scope)) {
    errors.notSupported(path.child('scope'), rule.scope, SCOPES);
  }
}

/** Given, and where all are meant nothing else is. */
function checkAlone(errors: ErrorList, at: Path, values: Maybe<readonly string[]>, what: string): void {
  if (!values || isEmptyList(values)) errors.required(at);
  else if (values.length > 1 && values.includes('*')) {
    errors.invalid(at, values, `if '*' is present, must not specify other ${what}`);
  }
}

function checkResources(errors: ErrorList, path: Path, resources: Maybe<readonly string[]>): void {
  if (!resources || isEmptyList(resources)) {
    errors.required(path);
    return;
  }
  const [whole, sub] = [new Set<string>(), new Set<string>()];
  eachItem(resources, path, (text, at) => {
    if (text === '') errors.required(at);
    if (text === '' || text === '*' || text === '*/*') return;
    const slash = text.indexOf('/');
    if (slash < 0) return;
    const [resource, subresource] = [text.slice(0, slash), text.slice(slash + 1)];
    const refuse = (pattern: string): void =>
      errors.invalid(at, text, `if '${pattern}' is present, must not specify ${text}`);
    if (whole.has(resource)) refuse(`${resource}/*`);
    if (sub.has(subresource)) refuse(`*/${subresource}`);
    if (subresource === '*') whole.add(resource);
    if (resource === '*') sub.add(subresource);
  });
  if (resources.length > 1 && resources.includes('*/*')) {
    errors.invalid(path, resources, "if '*/*' is present, must not specify other resources");
  }
  if (resources.includes('*') && resources.some((text) => text !== '*' && !text.includes('/'))) {
    const why = "if '*' is present, must not specify other resources without subresources";
    errors.invalid(path, resources, why);
  }
}
