/**
 * Options of Windows containers (upstream: validateWindowsSecurityContextOptions, validateWindowsHostProcessPod of
 * pkg/apis/core/validation/validation.go).
 */
import { isDNS1123Subdomain, type WindowsSecurityContextOptions } from '@regatta/api';
import type { ErrorList } from '../../validation/error-list.ts';
import type { Path } from '../../validation/path.ts';
import type { PodChecks } from './checks.ts';
import { type AnyContainer, eachContainer } from './each-container.ts';

const MAX_SPEC_KIB = 64;
const MAX_DOMAIN = 256;
const MAX_USER = 104;
const NETBIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const DNS_PART = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/;
const CONTROL = /\p{Cc}/u;

export function checkWindowsOptions(errors: ErrorList, path: Path, options: WindowsSecurityContextOptions): void {
  const { gmsaCredentialSpecName: specName, gmsaCredentialSpec: spec, runAsUserName: user } = options;
  if (specName !== undefined) {
    errors.invalidEach(path.child('gmsaCredentialSpecName'), specName, isDNS1123Subdomain(specName));
  }
  const specAt = path.child('gmsaCredentialSpec');
  if (spec === '') errors.invalid(specAt, spec, 'gmsaCredentialSpec cannot be an empty string');
  else if (spec !== undefined && Buffer.byteLength(spec) > MAX_SPEC_KIB * 1024) {
    errors.invalid(specAt, spec, `gmsaCredentialSpec size must be under ${MAX_SPEC_KIB} KiB`);
  }
  if (user !== undefined) errors.invalidEach(path.child('runAsUserName'), user, userNameErrors(user));
}

function userNameErrors(name: string): string[] {
  if (name === '') return ['runAsUserName cannot be an empty string'];
  if (CONTROL.test(name)) return ['runAsUserName cannot contain control characters'];
  const parts = name.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const [domain, user] = parts.length === 2 ? [parts[0] ?? '', parts[1] ?? ''] : [undefined, name];
  const errors: string[] = [];
  if (domain !== undefined) {
    if (domain.length >= MAX_DOMAIN)
      errors.push(`runAsUserName's Domain length must be under ${MAX_DOMAIN} characters`);
    if (!NETBIOS.test(domain) && !domain.split('.').every((part) => DNS_PART.test(part))) {
      errors.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
    }
  }
  if (user === '') errors.push("runAsUserName's User cannot be empty");
  else if (user.length > MAX_USER) {
    errors.push(`runAsUserName's User length must not be longer than ${MAX_USER} characters`);
  }
  if (/^[. ]+$/.test(user)) errors.push("runAsUserName's User cannot contain only periods or spaces");
  if (/["/\\:;|=,+*?<>@[\]]/.test(user)) {
    errors.push('runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]');
  }
  return errors;
}

/** Host process containers come all or none, and on the host's network. */
export function checkHostProcess({ errors, spec }: PodChecks, path: Path): void {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  let count = 0;
  let hostProcesses = 0;
  eachContainer(spec, path, (container: AnyContainer, at) => {
    const own = container.securityContext?.windowsOptions?.hostProcess;
    count++;
    if (ofPod !== undefined && own !== undefined && own !== ofPod) {
      const why = `pod hostProcess value must be identical if both are specified, was ${ofPod}`;
      errors.invalid(at.child('securityContext').child('windowsOptions').child('hostProcess'), own, why);
    }
    if (own ?? ofPod) hostProcesses++;
  });
  if (hostProcesses === 0) return;
  if (hostProcesses !== count) {
    const why = 'If pod contains any hostProcess containers then all containers must be HostProcess containers';
    errors.invalid(path, '', why);
  }
  if (!spec.hostNetwork) {
    const why = 'hostNetwork must be true if pod contains any hostProcess containers';
    errors.invalid(path.child('hostNetwork'), false, why);
  }
}
