/**
 * Options of requests and how they are written in a URL's query.
 */
import type { DeleteOptions } from '@regatta/api';

export interface Selection {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ListOptions extends Selection {
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan';
}

export interface WatchOptions extends Selection {
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'NotOlderThan';
  readonly allowWatchBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
  /** Real seconds after which the server ends the watch. */
  readonly timeoutSeconds?: number;
}

export interface WriteOptions {
  readonly namespace?: string;
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
}

export type PatchType = 'merge' | 'strategic' | 'json';

export interface PatchOptions extends WriteOptions {
  readonly type: PatchType;
  /** An object, or the operations of a JSON patch. */
  readonly body: unknown;
  readonly subresource?: string;
}

export interface RemoveOptions {
  readonly namespace?: string;
  readonly dryRun?: boolean;
  readonly gracePeriodSeconds?: number;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
}

type QueryValue = string | number | boolean | undefined;

/** `?a=b&c=d`, without what is undefined; empty when nothing is left. */
export function queryString(values: Readonly<Record<string, QueryValue>>): string {
  let query = '';
  for (const key in values) {
    const value = values[key];
    if (value === undefined) continue;
    query += `${query === '' ? '?' : '&'}${key}=${encodeURIComponent(String(value))}`;
  }
  return query;
}

export function writeQuery({ dryRun, fieldManager }: WriteOptions): string {
  return queryString({ dryRun: dryRun ? 'All' : undefined, fieldManager });
}

/** The body of a delete; undefined when every option is the server's default. */
export function deleteBody(options: RemoveOptions): DeleteOptions | undefined {
  const { gracePeriodSeconds, preconditions, propagationPolicy, dryRun } = options;
  if (gracePeriodSeconds === undefined && !preconditions && !propagationPolicy && !dryRun) return undefined;
  return {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    gracePeriodSeconds,
    preconditions,
    propagationPolicy,
    dryRun: dryRun ? ['All'] : undefined,
  };
}
