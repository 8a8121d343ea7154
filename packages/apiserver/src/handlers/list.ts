/**
 * LIST: selectors, pages, and which state is read
 * (upstream: staging/src/k8s.io/apiserver/pkg/endpoints/handlers/get.go and pkg/storage/etcd3/store.go GetList).
 *
 * A first page reads the newest state and its continue token pins that revision; the next pages read history. Where
 * history is compacted away meanwhile, the answer is 410 with a token that goes on in the newest state.
 */
import { type Status, StatusError, statusErrors } from '@regatta/api';
import { StoreError } from '@regatta/store';
import type { Resource } from '../registry/resource.ts';
import { storageOf } from '../registry/write-request.ts';
import type { ApiCall } from '../server/api-call.ts';
import type { ServerResponse } from '../server/exchange.ts';
import type { ListRequest, ListResult, ObjectStorage } from '../storage/object-storage.ts';
import { type ContinuePoint, decodeContinue, encodeContinue } from './continue-token.ts';
import type { HandlerEnvironment } from './environment.ts';
import { LIST_VIEWS, negotiate } from './negotiation.ts';
import { type ListOptions, listOptions } from './query-options.ts';
import { revisionOrBadRequest, tooLargeResourceVersion } from './resource-version.ts';
import { type BodyKeeper, type ListMeta, sendList, whenEncodable } from './respond.ts';
import { type Selection, selectionOf } from './selection.ts';

const CONTINUE_TOO_OLD =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

export function listObjects(
  env: HandlerEnvironment,
  call: ApiCall,
  resource: Resource,
): ServerResponse | Promise<ServerResponse> {
  const { query } = call.info;
  const negotiated = negotiate(call.request, query, LIST_VIEWS, resource.custom !== undefined);
  const asked = listOptions(query, false);
  const selection = selectionOf(resource, asked.labelSelector, asked.fieldSelector);
  const options = limited(asked, resource, call.info.namespace, selection);
  const prefix = resource.prefix(call.info.namespace);
  const answer = (result: ListResult): ServerResponse | Promise<ServerResponse> =>
    whenEncodable(negotiated, () =>
      sendList(
        resource,
        result.items,
        listMeta(result, prefix, options.limit, selection),
        negotiated,
        env.tables,
        selection.isEverything ? keeper(env, resource, prefix, options) : undefined,
      ),
    );
  const result = readList(storageOf(env.registry, resource), prefix, options, selection);
  return result instanceof Promise ? result.then(answer) : answer(result);
}

/** A name alone finds one object, which no limit cuts (upstream: MatchesSingle of pkg/storage/selection_predicate.go). */
export function limited(options: ListOptions, resource: Resource, namespace: string, { name }: Selection): ListOptions {
  const single = name !== undefined && options.continue === '' && (!resource.namespaced || namespace !== '');
  return single ? { ...options, limit: 0 } : options;
}

/** Keeps the body of a list that others may ask for as well. */
function keeper(env: HandlerEnvironment, resource: Resource, prefix: string, options: ListOptions): BodyKeeper {
  const { apiVersion } = resource;
  return (encoding, state, make) =>
    env.listBodies.body(`${encoding} ${apiVersion} ${prefix} ${options.limit} ${options.continue}`, state, make);
}

/** What a list of these options holds; the newest state comes without waiting. @throws StatusError */
export function readList(
  storage: ObjectStorage,
  prefix: string,
  options: ListOptions,
  selection: Selection,
): ListResult | Promise<ListResult> {
  const point = continuePoint(options, prefix);
  const revision = point ? point.revision : exactRevision(options, storage.currentRevision);
  const request: ListRequest = {
    ...(revision !== undefined && revision >= 0 && revision !== storage.currentRevision ? { revision } : {}),
    ...(options.limit > 0 ? { limit: options.limit } : {}),
    ...(point ? { startAfter: point.after } : {}),
    ...(selection.isEverything ? {} : { matches: selection.matches }),
  };
  const tooOld = (error: unknown): never => {
    if (!(error instanceof StoreError)) throw error;
    if (error.code === 'compacted') throw expired(point, prefix);
    if (error.code === 'future-revision') throw tooLargeResourceVersion(revision ?? 0, storage.currentRevision);
    throw error;
  };
  try {
    const result = storage.list(prefix, request);
    return result instanceof Promise ? result.catch(tooOld) : result;
  } catch (error) {
    return tooOld(error);
  }
}

function continuePoint(options: ListOptions, prefix: string): ContinuePoint | undefined {
  if (options.continue === '') return undefined;
  const point = decodeContinue(options.continue, prefix);
  if (options.resourceVersion !== '' && options.resourceVersion !== '0') {
    throw statusErrors.badRequest('specifying resource version is not allowed when using continue');
  }
  return point;
}

/**
 * The revision that must be read: that of resourceVersionMatch=Exact, and that of a resourceVersion with a limit and no
 * match, which upstream reads exactly as well. Everything else is answered from the newest state.
 */
function exactRevision(options: ListOptions, current: number): number | undefined {
  const asked = revisionOrBadRequest(options.resourceVersion);
  if (asked === undefined || asked === 0) return undefined;
  if (asked > current) throw tooLargeResourceVersion(asked, current);
  const { resourceVersionMatch: match } = options;
  return match === 'Exact' || (match === '' && options.limit > 0) ? asked : undefined;
}

function expired(point: ContinuePoint | undefined, prefix: string): StatusError {
  if (!point) return statusErrors.expired('The resourceVersion for the provided list is too old.');
  const { status } = statusErrors.expired(CONTINUE_TOO_OLD);
  const resumable: Status = { ...status, metadata: { continue: encodeContinue(prefix, point.after, -1) } };
  return new StatusError(resumable);
}

function listMeta(result: ListResult, prefix: string, limit: number, selection: Selection): ListMeta {
  const resourceVersion = String(result.revision);
  if (result.continueAfter === undefined || limit <= 0) return { resourceVersion };
  const token = encodeContinue(prefix, result.continueAfter, result.revision);
  const countable = selection.isEverything && result.remaining !== undefined && result.remaining > 0;
  return {
    resourceVersion,
    continue: token,
    ...(countable ? { remainingItemCount: result.remaining } : {}),
  };
}
