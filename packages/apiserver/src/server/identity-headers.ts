/**
 * Headers that name a user: those of front proxies and of impersonation have the same form.
 */
import type { RequestHeaders } from './exchange.ts';

/** Every value. Node joins repeated headers with a comma; names of users and groups hold none. */
export function headerValues(headers: RequestHeaders, name: string): string[] {
  const value = headers[name];
  if (value === undefined || value === '') return [];
  return Array.isArray(value) ? value : value.split(',').map((part) => part.trim());
}

/** Extra fields by their keys, which the ends of the headers' names hold, percent-encoded. @param prefix lower case */
export function extraFields(headers: RequestHeaders, prefix: string): Map<string, string[]> {
  const names = Object.keys(headers).filter((name) => name.startsWith(prefix));
  return new Map(names.map((name) => [unescaped(name.slice(prefix.length)), headerValues(headers, name)]));
}

/** A key that is not well escaped is taken as it is. */
function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
