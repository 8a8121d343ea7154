/**
 * When a busy server wants to be asked again (k8s.io/client-go/rest/with_retry.go): 429 and 5xx answers that say so.
 */
import type { ApiResponse } from '@regatta/bus';

/** Real milliseconds; undefined for an answer that is final. */
export function retryDelay({ code, headers }: ApiResponse): number | undefined {
  if (code !== 429 && code < 500) return undefined;
  const seconds = Number.parseInt(headers['retry-after'] ?? '', 10);
  return Number.isNaN(seconds) || seconds <= 0 ? undefined : seconds * 1000;
}
