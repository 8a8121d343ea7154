/**
 * The `timeout` parameter of requests: how long the client waits for an answer
 * (upstream: staging/src/k8s.io/apiserver/pkg/server/filters/request_deadline.go).
 *
 * It must be a duration as Go writes it, and is no more than read: answers that need time of their own (watches, streams,
 * logs, proxies) have no such parameter, and all others are given at once.
 */
import { goQuote, statusErrors } from '@regatta/api';
import type { RequestInfo } from './request-info.ts';

const LONG_RUNNING = new Set(['attach', 'exec', 'log', 'portforward', 'proxy']);
const UNITS = new Set(['ns', 'us', 'µs', 'μs', 'ms', 's', 'm', 'h']);
const PART = /^(\d*(?:\.\d*)?)([^\d.]*)/;

/** @throws StatusError 400 */
export function checkTimeout({ query, verb, subresource }: RequestInfo): void {
  const text = query.get('timeout');
  if (!text || verb === 'watch' || LONG_RUNNING.has(subresource)) return;
  const problem = durationProblem(text);
  if (problem !== undefined) {
    throw statusErrors.badRequest(`invalid timeout specified in the request URL: time: ${problem}`);
  }
}

/** What Go's time.ParseDuration says of a text; undefined for a duration. */
function durationProblem(text: string): string | undefined {
  const invalid = `invalid duration ${goQuote(text)}`;
  let rest = text.replace(/^[+-]/, '');
  if (rest === '0') return undefined;
  if (rest === '') return invalid;
  while (rest !== '') {
    const [part = '', number = '', unit = ''] = PART.exec(rest) ?? [];
    if (!/\d/.test(number)) return invalid;
    if (unit === '') return `missing unit in duration ${goQuote(text)}`;
    if (!UNITS.has(unit)) return `unknown unit ${goQuote(unit)} in duration ${goQuote(text)}`;
    rest = rest.slice(part.length);
  }
  return undefined;
}
