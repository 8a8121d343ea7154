/**
 * Secrets (upstream: pkg/registry/core/secret/strategy.go, ValidateSecret of pkg/apis/core/validation/validation.go).
 */
import { isConfigMapKey, parseJson, type Secret } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachEntry, has } from '../validation/lists.ts';
import { ANNOTATIONS, Path } from '../validation/path.ts';
import { IMMUTABLE } from '../validation/rules.ts';
import { checkImmutableData } from './immutable-data.ts';

const DATA = Path.root('data');
const MAX_BYTES = 1024 * 1024;
const SERVICE_ACCOUNT = 'kubernetes.io/service-account.name';

export const secretStrategy: Strategy<Secret> = {
  applyDefaults(secret) {
    secret.type ||= 'Opaque';
    encodeStringData(secret);
  },
  prepareForUpdate(secret, old) {
    if (!secret.type && old.type) secret.type = old.type;
  },
  validate: (secret) => validateSecret(secret).errors,
  validateUpdate(secret, old) {
    const errors = new ErrorList();
    if (secret.type !== old.type) errors.invalid(Path.root('type'), secret.type, IMMUTABLE);
    checkImmutableData(errors, secret, old, ['data']);
    errors.append(validateSecret(secret));
    return errors.errors;
  },
  fieldLabels: ['type'],
  selectableFields: ({ type }) => ({ type: type ?? '' }),
};

/** stringData is for writing alone: it ends up in data. */
function encodeStringData(secret: Secret): void {
  if (!secret.stringData) return;
  const data = { ...secret.data };
  for (const [key, text] of Object.entries(secret.stringData)) data[key] = Buffer.from(text).toString('base64');
  secret.data = data;
  delete secret.stringData;
}

function validateSecret(secret: Secret): ErrorList {
  const errors = new ErrorList();
  let size = 0;
  eachEntry(secret.data, (key, value) => {
    errors.invalidEach(DATA.key(key), key, isConfigMapKey(key));
    size += Buffer.byteLength(value ?? '', 'base64');
  });
  if (size > MAX_BYTES) errors.tooLong(DATA, '', MAX_BYTES);
  checkByType(errors, secret);
  return errors;
}

function checkByType(errors: ErrorList, secret: Secret): void {
  const need = (key: string): void => {
    if (!has(secret.data, key)) errors.required(DATA.key(key));
  };
  switch (secret.type) {
    case 'kubernetes.io/service-account-token':
      if (!secret.metadata.annotations?.[SERVICE_ACCOUNT]) errors.required(ANNOTATIONS.key(SERVICE_ACCOUNT));
      break;
    case 'kubernetes.io/dockercfg':
      checkJson(errors, secret, '.dockercfg');
      break;
    case 'kubernetes.io/dockerconfigjson':
      checkJson(errors, secret, '.dockerconfigjson');
      break;
    case 'kubernetes.io/basic-auth':
      if (has(secret.data, 'username') || has(secret.data, 'password')) break;
      need('username');
      need('password');
      break;
    case 'kubernetes.io/ssh-auth':
      if (!secret.data?.['ssh-privatekey']) errors.required(DATA.key('ssh-privatekey'));
      break;
    case 'kubernetes.io/tls':
      need('tls.crt');
      need('tls.key');
      break;
  }
}

function checkJson(errors: ErrorList, { data }: Secret, key: string): void {
  if (!has(data, key)) {
    errors.required(DATA.key(key));
    return;
  }
  const problem = jsonProblem(Buffer.from(data?.[key] ?? '', 'base64'));
  if (problem !== undefined) errors.invalid(DATA.key(key), '<secret contents redacted>', problem);
}

/** Why it is no JSON object, in Go's words. */
function jsonProblem(bytes: Uint8Array): string | undefined {
  try {
    const { value } = parseJson(bytes);
    if (value === null || (typeof value === 'object' && !Array.isArray(value))) return undefined;
    const what = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    return `json: cannot unmarshal ${what} into Go value of type map[string]interface {}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
