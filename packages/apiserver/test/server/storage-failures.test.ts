/** What clients are told when the store can't. */
import { StoreError, type StoreErrorCode } from '@regatta/store';
import { expect, it } from 'vitest';
import { statusErrorOf, statusResponse } from '../../src/server/status-response.ts';

it.each<[StoreErrorCode, number, string, string | undefined, string | undefined]>([
  ['overloaded', 429, 'etcdserver: too many requests', 'TooManyRequests', '1'],
  ['disk', 500, 'the reason', undefined, undefined],
  ['corrupt', 500, 'the reason', undefined, undefined],
  ['closed', 503, 'the storage is closed', 'ServiceUnavailable', undefined],
])('SRV-60: %s is answered with %i', (code, expected, message, reason, retryAfter) => {
  const error = statusErrorOf(new StoreError(code, 'the reason'));
  if (!error) throw new Error('no status');
  expect([error.code, error.message, error.status.reason]).toEqual([expected, message, reason]);
  expect(statusResponse(error).headers['retry-after']).toBe(retryAfter);
});
