/**
 * Name resolution of a Pod (upstream: validateDNSPolicy, validatePodDNSConfig of pkg/apis/core/validation/validation.go).
 */
import { type HostAlias, maxLengthMessage, type PodSpec, patternMessage } from '@regatta/api';
import { checkIp } from '../../validation/addresses.ts';
import type { ErrorList } from '../../validation/error-list.ts';
import { eachItem } from '../../validation/lists.ts';
import type { Path } from '../../validation/path.ts';
import { checkDnsSubdomain, checkEnum } from '../../validation/rules.ts';

const POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_CHARS = 2048;
const RELAXED_PART = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const RELAXED = `${RELAXED_PART}(\\.${RELAXED_PART})*`;
const relaxedPart = new RegExp(`^${RELAXED_PART}$`);
const RELAXED_MESSAGE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character";

export function checkDnsPolicy(errors: ErrorList, path: Path, { dnsPolicy }: PodSpec): void {
  checkEnum(errors, path, dnsPolicy, POLICIES);
}

export function checkDnsConfig(errors: ErrorList, path: Path, { dnsPolicy, dnsConfig }: PodSpec): void {
  if (dnsPolicy === 'None') {
    if (!dnsConfig) {
      errors.required(path, 'must provide `dnsConfig` when `dnsPolicy` is None');
      return;
    }
    if (!dnsConfig.nameservers?.length) {
      const why = 'must provide at least one DNS nameserver when `dnsPolicy` is None';
      errors.required(path.child('nameservers'), why);
      return;
    }
  }
  if (!dnsConfig) return;
  const { nameservers = [], searches = [], options } = dnsConfig;
  const nameserversAt = path.child('nameservers');
  const searchesAt = path.child('searches');
  if (nameservers.length > MAX_NAMESERVERS) {
    errors.invalid(nameserversAt, nameservers, `must not have more than ${MAX_NAMESERVERS} nameservers`);
  }
  eachItem(nameservers, nameserversAt, (ip, at) => checkIp(errors, at, ip));
  if (searches.length > MAX_SEARCHES) {
    errors.invalid(searchesAt, searches, `must not have more than ${MAX_SEARCHES} search paths`);
  }
  if (searches.join(' ').length > MAX_SEARCH_CHARS) {
    const why = `must not have more than ${MAX_SEARCH_CHARS} characters (including spaces) in the search list`;
    errors.invalid(searchesAt, searches, why);
  }
  eachItem(searches, searchesAt, (search, at) => checkSearch(errors, at, search));
  eachItem(options, path.child('options'), (option, at) => {
    if (!option.name) errors.required(at, 'must not be empty');
  });
}

/** Underscores are let pass, a lone dot too. */
function checkSearch(errors: ErrorList, at: Path, search: string): void {
  if (search === '.') return;
  const name = search.replace(/\.$/, '');
  if (name.length > 253) errors.invalid(at, name, maxLengthMessage(253));
  if (!name.split('.').every((part) => relaxedPart.test(part))) {
    errors.invalid(at, name, patternMessage(RELAXED_MESSAGE, RELAXED, 'example.com'));
  }
}

export function checkHostAliases(errors: ErrorList, path: Path, aliases: readonly HostAlias[]): void {
  eachItem(aliases, path, ({ ip, hostnames }, at) => {
    checkIp(errors, at.child('ip'), ip);
    eachItem(hostnames, at.child('hostnames'), (name, nameAt) => checkDnsSubdomain(errors, nameAt, name));
  });
}
