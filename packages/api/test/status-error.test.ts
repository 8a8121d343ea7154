import { describe, expect, it } from 'vitest';
import {
  FieldPath,
  fieldErrors,
  isConflict,
  isGone,
  isNotFound,
  StatusError,
  statusErrorFrom,
  statusErrors,
} from '../src/mod.ts';

const pods = { group: '', resource: 'pods' };
const deployments = { group: 'apps', resource: 'deployments' };

describe('API-23: errors are Status objects in the words of upstream', () => {
  it('names the object', () => {
    expect(statusErrors.notFound(deployments, 'd').status).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'deployments.apps "d" not found',
      reason: 'NotFound',
      details: { name: 'd', group: 'apps', kind: 'deployments' },
      code: 404,
    });
  });
  it.each([
    [statusErrors.alreadyExists(pods, 'a'), 409, 'pods "a" already exists'],
    [statusErrors.conflict(pods, 'a', 'x'), 409, 'Operation cannot be fulfilled on pods "a": x'],
    [statusErrors.forbidden(pods, '', 'no'), 403, 'pods is forbidden: no'],
    [statusErrors.forbidden({ group: '', resource: '' }, '', 'no'), 403, 'forbidden: no'],
    [statusErrors.internal('boom'), 500, 'Internal error occurred: boom'],
    [statusErrors.timeout('slow', 1), 504, 'Timeout: slow'],
    [statusErrors.methodNotSupported(pods, 'watch'), 405, 'watch is not supported on resources of kind "pods"'],
  ])('%s', (error, code, text) => expect([error.code, error.message]).toEqual([code, text]));
  it('lists causes', () => {
    const path = FieldPath.root('spec').child('a').index(1).key('k');
    const errors = [
      fieldErrors.invalid(path, { x: '<' }, 'bad'),
      fieldErrors.notSupported(path, 'z', ['a', 'b']),
      fieldErrors.required(path, ''),
      fieldErrors.tooMany(path, 9, 8),
    ];
    const { message, details } = statusErrors.invalid('apps', 'Deployment', 'd', errors).status;
    expect(details?.causes?.map((c) => c.message)).toEqual([
      'Invalid value: {"x":"\\u003c"}: bad',
      'Unsupported value: "z": supported values: "a", "b"',
      'Required value',
      'Too many: 9: must have at most 8 items',
    ]);
    expect(message).toMatch(/^Deployment\.apps "d" is invalid: \[spec\.a\[1\]\[k\]: Invalid value: /);
  });
  it('a single cause stands without brackets, repeats are told once', () => {
    const error = fieldErrors.required(FieldPath.root('a'), 'why');
    expect(statusErrors.invalid('', 'Pod', 'p', [error, error]).message).toBe(
      'Pod "p" is invalid: a: Required value: why',
    );
  });
});

describe('API-24: callers ask for the reason, never for the text', () => {
  it('also of errors that came over the wire', () => {
    const error = statusErrorFrom(statusErrors.expired('too old').status);
    expect([isGone(error), isNotFound(error), isConflict(new Error('conflict'))]).toEqual([true, false, false]);
    expect(error).toBeInstanceOf(StatusError);
  });
});
