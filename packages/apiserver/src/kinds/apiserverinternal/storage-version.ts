/**
 * StorageVersions (upstream: pkg/apis/apiserverinternal/validation/validation.go).
 */
import {
  isDNS1035Label,
  isDNS1123Subdomain,
  type ServerStorageVersion,
  type StorageVersion,
  type StorageVersionCondition,
} from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem } from '../validation/lists.ts';
import { METADATA, type Path, STATUS } from '../validation/path.ts';
import { checkQualifiedName } from '../validation/rules.ts';

const COMMON = STATUS.child('commonEncodingVersion');
const TOO_MANY_PARTS =
  "an apiVersion is a DNS-1035 label, which must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyVersion')";

export const storageVersionStrategy: Strategy<StorageVersion> = {
  // Told by validation: `<group>.<resource>`.
  nameRule: 'none',
  validate({ metadata, status }) {
    const errors = new ErrorList();
    const { name } = metadata;
    if (name) errors.invalidEach(METADATA.child('name'), name, nameProblems(name));
    checkStatus(errors, status);
    return errors.errors;
  },
  validateStatusUpdate({ status }) {
    const errors = new ErrorList();
    checkStatus(errors, status);
    return errors.errors;
  },
};

function nameProblems(name: string): string[] {
  const dot = name.lastIndexOf('.');
  if (dot < 0) return ['name must be in the form of <group>.<resource>'];
  return [
    ...isDNS1123Subdomain(name.slice(0, dot)).map((problem) => `the group segment ${problem}`),
    ...isDNS1035Label(name.slice(dot + 1)).map((problem) => `the resource segment ${problem}`),
  ];
}

function checkStatus(errors: ErrorList, status: StorageVersion['status']): void {
  const { storageVersions = [], commonEncodingVersion: told, conditions } = status ?? {};
  eachItem(storageVersions, STATUS.child('storageVersions'), (server, at) => checkServer(errors, at, server));
  checkCommon(errors, storageVersions, told);
  const first = new Map<string, number>();
  eachItem(conditions, STATUS, (condition, at, i) => {
    const { type = '' } = condition;
    if (first.has(type)) {
      const why = `the type of the condition is not unique, it also appears in conditions[${first.get(type)}]`;
      errors.invalid(at.child('type'), type, why);
    }
    first.set(type, i);
    checkCondition(errors, at, condition);
  });
}

function checkServer(errors: ErrorList, at: Path, server: ServerStorageVersion): void {
  const { apiServerID = '', encodingVersion = '', decodableVersions } = server;
  errors.invalidEach(at.child('apiServerID'), apiServerID, isDNS1123Subdomain(apiServerID));
  checkApiVersion(errors, at.child('encodingVersion'), encodingVersion);
  const decodableAt = at.child('decodableVersions');
  eachItem(decodableVersions, decodableAt, (version, itemAt) => checkApiVersion(errors, itemAt, version));
  if (!decodableVersions?.includes(encodingVersion)) {
    const why = `decodableVersions must include encodingVersion ${encodingVersion}`;
    errors.invalid(decodableAt, decodableVersions ?? null, why);
  }
}

function checkApiVersion(errors: ErrorList, at: Path, apiVersion: string): void {
  const problems = apiVersionProblems(apiVersion.split('/'));
  if (problems.length > 0) errors.invalid(at, apiVersion, problems.join(','));
}

function apiVersionProblems(parts: readonly string[]): string[] {
  if (parts.length > 2) return [TOO_MANY_PARTS];
  const part = (name: string, text: string, check: (text: string) => string[]): string[] =>
    (text === '' ? ['must be non-empty'] : check(text)).map((problem) => `${name} part: ${problem}`);
  const [group, version] = parts.length === 2 ? parts : [undefined, parts[0]];
  const ofGroup = group === undefined ? [] : part('group', group, isDNS1123Subdomain);
  return [...ofGroup, ...part('version', version ?? '', isDNS1035Label)];
}

function checkCommon(errors: ErrorList, servers: readonly ServerStorageVersion[], told: string | undefined): void {
  const versions = new Set(servers.map(({ encodingVersion }) => encodingVersion));
  const [common] = versions.size === 1 ? versions : [];
  if (common === told) return;
  if (common === undefined) {
    errors.invalid(
      COMMON,
      told,
      'should be nil if servers do not agree on the same encoding version, or if there is no server reporting the supported versions yet',
    );
  } else if (told === undefined) errors.invalid(COMMON, null, `the common encoding version is ${common}`);
  else errors.invalid(COMMON, told, `the actual common encoding version is ${common}`);
}

function checkCondition(errors: ErrorList, at: Path, condition: StorageVersionCondition): void {
  const { type = '', status = '', reason, message } = condition;
  checkQualifiedName(errors, at.child('type'), type);
  checkQualifiedName(errors, at.child('status'), status);
  if (!reason) errors.required(at.child('reason'), 'reason cannot be empty');
  if (!message) errors.required(at.child('message'), 'message cannot be empty');
}
