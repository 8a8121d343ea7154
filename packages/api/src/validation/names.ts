/**
 * What names, labels and the like may look like (upstream: k8s.io/apimachinery/pkg/util/validation and
 * pkg/api/validate/content). Every check gives the list of upstream's messages: empty when all is well.
 */

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const DNS1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_VALUE = `(${QUALIFIED})?`;
const ENV_NAME = '[-._a-zA-Z][-._a-zA-Z0-9]*';
const CONFIG_KEY = '[-._a-zA-Z0-9]+';
const PERCENT = '[0-9]+%';
const HEADER = '[-A-Za-z0-9]+';
const C_IDENTIFIER = '[A-Za-z_][A-Za-z0-9_]*';
const WILDCARD = `\\*\\.${SUBDOMAIN}`;
const HTTP_PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";

// JavaScript's own patterns: these are linear in practice, except that nested groups backtrack; lengths are bounded first.
const whole = (pattern: string): RegExp => new RegExp(`^${pattern}$`);
const labelPattern = whole(LABEL);
const dns1035Pattern = whole(DNS1035);
const qualifiedPattern = whole(QUALIFIED);
const envNamePattern = whole(ENV_NAME);
const configKeyPattern = whole(CONFIG_KEY);
const percentPattern = whole(PERCENT);
const headerPattern = whole(HEADER);
const cIdentifierPattern = whole(C_IDENTIFIER);
const httpPathPattern = whole(HTTP_PATH);

const LABEL_MAX = 63;
const SUBDOMAIN_MAX = 253;
const SUBDOMAIN_MESSAGE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";

/** DNS names and ports are counted in characters, label keys and values in bytes: both in upstream's words. */
export function maxLengthMessage(max: number, unit: 'characters' | 'bytes' = 'characters'): string {
  return `must be no more than ${max} ${unit}`;
}

/** Upstream's RegexError. */
export function patternMessage(message: string, pattern: string, ...examples: string[]): string {
  if (examples.length === 0) return `${message} (regex used for validation is '${pattern}')`;
  const told = examples.map((example) => `'${example}', `).join(' or ');
  return `${message} (e.g. ${told}regex used for validation is '${pattern}')`;
}

export function inclusiveRangeMessage(low: number, high: number): string {
  return `must be between ${low} and ${high}, inclusive`;
}

/** Checks label by label, so that a long text can't make the pattern backtrack. */
function matchesSubdomain(value: string): boolean {
  return value.split('.').every((label) => labelPattern.test(label));
}

function byteLength(value: string): number {
  return Buffer.byteLength(value, 'utf8');
}

function tooLong(value: string, max: number, unit: 'characters' | 'bytes' = 'characters'): string[] {
  return byteLength(value) > max ? [maxLengthMessage(max, unit)] : [];
}

export function isDNS1123Label(value: string): string[] {
  const errors = tooLong(value, LABEL_MAX);
  if (labelPattern.test(value)) return errors;
  if (matchesSubdomain(value)) return [...errors, 'must not contain dots'];
  const message =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
  return [...errors, patternMessage(message, LABEL, 'my-name', '123-abc')];
}

export function isDNS1123Subdomain(value: string): string[] {
  const errors = tooLong(value, SUBDOMAIN_MAX);
  return matchesSubdomain(value) ? errors : [...errors, patternMessage(SUBDOMAIN_MESSAGE, SUBDOMAIN, 'example.com')];
}

export function isDNS1035Label(value: string): string[] {
  const errors = tooLong(value, LABEL_MAX);
  if (dns1035Pattern.test(value)) return errors;
  const message =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
  return [...errors, patternMessage(message, DNS1035, 'my-name', 'abc-123')];
}

export function isWildcardDNS1123Subdomain(value: string): string[] {
  const errors = tooLong(value, SUBDOMAIN_MAX);
  if (value.startsWith('*.') && matchesSubdomain(value.slice(2))) return errors;
  const message =
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character";
  return [...errors, patternMessage(message, WILDCARD, '*.example.com')];
}

/** Label keys, finalizers, taint keys …: `[prefix/]name`. */
export function isQualifiedName(value: string): string[] {
  const parts = value.split('/');
  if (parts.length > 2) {
    const message =
      "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
    const optional = " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
    return [`${patternMessage(message, QUALIFIED, 'MyName', 'my.name', '123-abc')}${optional}`];
  }
  const name = parts[parts.length - 1] ?? '';
  const prefix = parts.length === 2 ? (parts[0] ?? '') : undefined;
  return [...(prefix === undefined ? [] : prefixErrors(prefix)), ...namePartErrors(name)];
}

function prefixErrors(prefix: string): string[] {
  if (prefix === '') return ['prefix part must be non-empty'];
  return isDNS1123Subdomain(prefix).map((message) => `prefix part ${message}`);
}

function namePartErrors(name: string): string[] {
  const errors: string[] = [];
  if (name === '') errors.push('name part must be non-empty');
  else if (byteLength(name) > LABEL_MAX) errors.push(`name part ${maxLengthMessage(LABEL_MAX, 'bytes')}`);
  if (!qualifiedPattern.test(name)) {
    const message =
      "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
    errors.push(`name part ${patternMessage(message, QUALIFIED, 'MyName', 'my.name', '123-abc')}`);
  }
  return errors;
}

export function isValidLabelValue(value: string): string[] {
  const errors = tooLong(value, LABEL_MAX, 'bytes');
  if (value === '' || qualifiedPattern.test(value)) return errors;
  const message =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  return [...errors, patternMessage(message, LABEL_VALUE, 'MyValue', 'my_value', '12345')];
}

/** Names that stand in URL paths as they are: RBAC's (upstream: pkg/api/validation/path). */
export function isValidPathSegmentName(name: string): string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`];
  return ['/', '%'].filter((c) => name.includes(c)).map((c) => `may not contain '${c}'`);
}

export function isValidPortNum(port: number): string[] {
  return Number.isInteger(port) && port >= 1 && port <= 65535 ? [] : [inclusiveRangeMessage(1, 65535)];
}

export function isInRange(value: number, low: number, high: number): string[] {
  return value >= low && value <= high ? [] : [inclusiveRangeMessage(low, high)];
}

/** IANA service names: at most 15 of a-z, 0-9 and -. */
export function isValidPortName(port: string): string[] {
  const errors = tooLong(port, 15);
  if (!/^[-a-z0-9]+$/.test(port)) {
    errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  }
  if (!/[a-z]/.test(port)) errors.push('must contain at least one letter (a-z)');
  if (port.includes('--')) errors.push('must not contain consecutive hyphens');
  if (port.startsWith('-') || port.endsWith('-')) errors.push('must not begin or end with a hyphen');
  return errors;
}

export function isEnvVarName(value: string): string[] {
  const message =
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit";
  const errors = envNamePattern.test(value)
    ? []
    : [patternMessage(message, ENV_NAME, 'my.env-name', 'MY_ENV.NAME', 'MyEnvName1')];
  return [...errors, ...upwardPathErrors(value)];
}

/** What Pods' variables are checked with since v1.34: any printable ASCII but '='. */
export function isRelaxedEnvVarName(value: string): string[] {
  const errors = value === '' ? ['environment variable name must be non-empty'] : [];
  return /^[\x20-\x3c\x3e-\x7e]*$/.test(value)
    ? errors
    : [...errors, "a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

export function isConfigMapKey(value: string): string[] {
  const errors = tooLong(value, SUBDOMAIN_MAX);
  if (!configKeyPattern.test(value)) {
    const message = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
    errors.push(patternMessage(message, CONFIG_KEY, 'key.name', 'KEY_NAME', 'key-name'));
  }
  return [...errors, ...upwardPathErrors(value)];
}

function upwardPathErrors(value: string): string[] {
  if (value === '.') return ["must not be '.'"];
  if (value === '..') return ["must not be '..'"];
  return value.startsWith('..') ? ["must not start with '..'"] : [];
}

export function isValidPercent(value: string): string[] {
  const message = "a valid percent string must be a numeric string followed by an ending '%'";
  return percentPattern.test(value) ? [] : [patternMessage(message, PERCENT, '1%', '93%')];
}

export function isHTTPHeaderName(value: string): string[] {
  const message = "a valid HTTP header must consist of alphanumeric characters or '-'";
  return headerPattern.test(value) ? [] : [patternMessage(message, HEADER, 'X-Header-Name')];
}

export function isCIdentifier(value: string): string[] {
  const message =
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'";
  return cIdentifierPattern.test(value) ? [] : [patternMessage(message, C_IDENTIFIER, 'my_name', 'MY_NAME', 'MyName')];
}

/** The path part of `example.com/path`. */
export function isHTTPPath(value: string): string[] {
  return httpPathPattern.test(value) ? [] : [patternMessage('Invalid path', HTTP_PATH)];
}
