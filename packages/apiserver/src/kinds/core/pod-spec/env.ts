/**
 * Environment variables (upstream: ValidateEnv and ValidateEnvFrom of pkg/apis/core/validation/validation.go).
 */
import { type EnvFromSource, type EnvVar, isDNS1123Subdomain, isRelaxedEnvVarName } from '@regatta/api';
import type { ErrorList } from '../../validation/error-list.ts';
import { eachItem } from '../../validation/lists.ts';
import type { Path } from '../../validation/path.ts';
import { checkConfigKey, checkDnsLabel, checkRequiredName } from '../../validation/rules.ts';
import type { PodChecks } from './checks.ts';
import { eachContainer } from './each-container.ts';
import { checkFieldRef, checkResourceRef, ENV_FIELDS } from './field-selectors.ts';
import { checkNoBacksteps } from './paths.ts';

const ONE_OF = 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`';
const TOO_MANY = 'may not have more than one field specified at a time';

export function checkEnv(checks: PodChecks, path: Path, variables: readonly EnvVar[]): void {
  const { errors } = checks;
  eachItem(variables, path, (variable, at) => {
    if (!variable.name) errors.required(at.child('name'));
    else errors.invalidEach(at.child('name'), variable.name, isRelaxedEnvVarName(variable.name));
    if (variable.valueFrom) checkValueFrom(checks, at.child('valueFrom'), variable);
  });
}

function checkValueFrom(checks: PodChecks, path: Path, { value, valueFrom }: EnvVar): void {
  const { errors } = checks;
  if (!valueFrom) return;
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = valueFrom;
  if (fieldRef) checkFieldRef(errors, path.child('fieldRef'), fieldRef, ENV_FIELDS);
  if (resourceFieldRef) checkResourceRef(errors, path.child('resourceFieldRef'), resourceFieldRef, false);
  if (configMapKeyRef) checkKeyRef(errors, path.child('configMapKeyRef'), configMapKeyRef);
  if (secretKeyRef) checkKeyRef(errors, path.child('secretKeyRef'), secretKeyRef);
  if (fileKeyRef) checkFileKeyRef(errors, path.child('fileKeyRef'), fileKeyRef);
  const given = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef].filter(Boolean).length;
  if (given === 0) errors.invalid(path, '', ONE_OF);
  else if (value) errors.invalid(path, '', 'may not be specified when `value` is not empty');
  else if (given > 1) errors.invalid(path, '', TOO_MANY);
}

/** An object and a key in it. */
function checkKeyRef(errors: ErrorList, path: Path, ref: { readonly name?: string; readonly key: string }): void {
  errors.invalidEach(path.child('name'), ref.name ?? '', isDNS1123Subdomain(ref.name ?? ''));
  checkConfigKey(errors, path.child('key'), ref.key);
}

type FileKeyRef = NonNullable<NonNullable<EnvVar['valueFrom']>['fileKeyRef']>;

function checkFileKeyRef(errors: ErrorList, path: Path, ref: FileKeyRef): void {
  if (!ref.key) errors.required(path.child('key'));
  else errors.invalidEach(path.child('key'), ref.key, isRelaxedEnvVarName(ref.key));
  if (!ref.volumeName) errors.required(path.child('volumeName'));
  else checkDnsLabel(errors, path.child('volumeName'), ref.volumeName);
  if (!ref.path) errors.required(path.child('path'));
  else checkNoBacksteps(errors, path.child('path'), ref.path);
}

/** Files with variables are read from emptyDirs alone; told after all else that is wrong with a Pod. */
export function checkFileKeyVolumes({ errors, spec }: PodChecks, path: Path): void {
  eachContainer(spec, path, ({ env }, at) =>
    eachItem(env, at.child('env'), ({ valueFrom }, variable) => {
      if (!valueFrom?.fileKeyRef) return;
      const { volumeName } = valueFrom.fileKeyRef;
      const nameAt = variable.child('valueFrom').child('fileKeyRef').child('volumeName');
      const volume = spec.volumes?.findLast(({ name }) => name === volumeName);
      if (!volume) errors.notFound(nameAt, volumeName);
      else if (!volume.emptyDir) errors.invalid(nameAt, volumeName, 'referenced volume must be of type emptyDir');
    }),
  );
}

export function checkEnvFrom(errors: ErrorList, path: Path, sources: readonly EnvFromSource[]): void {
  eachItem(sources, path, ({ prefix, configMapRef, secretRef }, at) => {
    if (prefix) errors.invalidEach(at.child('prefix'), prefix, isRelaxedEnvVarName(prefix));
    if (configMapRef) checkRequiredName(errors, at.child('configMapRef').child('name'), configMapRef.name);
    if (secretRef) checkRequiredName(errors, at.child('secretRef').child('name'), secretRef.name);
    if (!configMapRef && !secretRef) errors.invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`');
    else if (configMapRef && secretRef) errors.invalid(path, '', TOO_MANY);
  });
}
