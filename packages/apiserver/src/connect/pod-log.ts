/**
 * pods/log (upstream: pkg/registry/core/pod/rest/log.go and strategy.go, LogLocation).
 */
import { type FieldError, FieldPath, fieldErrors, type Pod, statusErrors } from '@regatta/api';
import { BusError, type LogsRequest } from '@regatta/bus';
import type { ApiCall } from '../server/api-call.ts';
import type { ServerResponse, StreamSink } from '../server/exchange.ts';
import { queryFlag } from '../server/request-info.ts';
import { textResponse } from '../server/status-response.ts';
import type { ConnectEnvironment } from './connect-environment.ts';
import { NodeRefusal, NodeUnreachable, nodeOf, openNodeStream } from './node-stream.ts';
import { containerOf } from './pod-container.ts';
import { holdPlace } from './stream-places.ts';

export async function podLog(env: ConnectEnvironment, call: ApiCall): Promise<ServerResponse> {
  const { namespace, name } = call.info;
  const { query } = call.info;
  const request = logRequest(query, name);
  const pod = env.pod(namespace, name);
  const container = containerOf(pod, query.get('container') ?? '');
  // A Pod that is nowhere has no log yet: upstream answers with nothing.
  if (!pod.spec.nodeName) return textResponse(200, '', { 'content-type': 'text/plain' });
  env.requireNode(pod.spec.nodeName);
  if (request.follow) holdPlace(env.places, call);
  const node: LogsRequest = { op: 'logs', namespace, pod: name, uid: pod.metadata.uid ?? '', container, ...request };
  const frames = await open(env, pod, node, call.request.signal);
  return { code: 200, headers: { 'content-type': 'text/plain' }, patient: true, stream: (sink) => pass(frames, sink) };
}

async function open(
  env: ConnectEnvironment,
  pod: Pod,
  request: LogsRequest,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  try {
    return (await openNodeStream(env.bus, nodeOf(pod), request, signal)).frames;
  } catch (error) {
    if (error instanceof NodeUnreachable) throw error.asStatus(kubeletPath(request));
    throw error instanceof NodeRefusal ? error.asStatus() : error;
  }
}

/** A log that breaks off says so in its last line, for whoever reads it, and ends as a broken answer, for programs. */
async function pass(frames: AsyncIterable<Uint8Array>, sink: StreamSink): Promise<void> {
  try {
    for await (const bytes of frames) {
      if (sink.signal.aborted) return;
      if (!sink.write(bytes)) await sink.drained();
    }
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
    if (!sink.write(Buffer.from(`unable to read more of the log: the node is lost: ${error.message}\n`)))
      await sink.drained();
    throw error;
  }
}

function kubeletPath({ namespace, pod, container, follow, previous, timestamps, tailLines }: LogsRequest): string {
  const query = new URLSearchParams();
  if (follow) query.set('follow', 'true');
  if (previous) query.set('previous', 'true');
  if (tailLines !== undefined) query.set('tailLines', String(tailLines));
  if (timestamps) query.set('timestamps', 'true');
  return `/containerLogs/${namespace}/${pod}/${container}${query.size > 0 ? `?${query}` : ''}`;
}

type LogOptions = Omit<LogsRequest, 'op' | 'namespace' | 'pod' | 'uid' | 'container'>;

const STREAMS: ReadonlyMap<string, 'stdout' | 'stderr' | undefined> = new Map([
  ['All', undefined],
  ['Stderr', 'stderr'],
  ['Stdout', 'stdout'],
]);

/** @throws StatusError 400 for what is no number, 422 for numbers that make no sense */
function logRequest(query: URLSearchParams, name: string): LogOptions {
  const errors: FieldError[] = [];
  const path = (field: string): FieldPath => FieldPath.root(field);
  const tailLines = integer(query, 'tailLines');
  const limitBytes = integer(query, 'limitBytes');
  const sinceSeconds = integer(query, 'sinceSeconds');
  const sinceTime = query.get('sinceTime') ?? undefined;
  if (tailLines !== undefined && tailLines < 0) {
    errors.push(fieldErrors.invalid(path('tailLines'), tailLines, 'must be greater than or equal to 0'));
  }
  if (limitBytes !== undefined && limitBytes < 1) {
    errors.push(fieldErrors.invalid(path('limitBytes'), limitBytes, 'must be greater than 0'));
  }
  if (sinceSeconds !== undefined && sinceTime !== undefined) {
    errors.push(
      // The path of an empty name, as upstream prints it.
      fieldErrors.forbidden(FieldPath.root('[]'), 'at most one of `sinceTime` or `sinceSeconds` may be specified'),
    );
  } else if (sinceSeconds !== undefined && sinceSeconds < 1) {
    errors.push(fieldErrors.invalid(path('sinceSeconds'), sinceSeconds, 'must be greater than 0'));
  }
  const stream = query.get('stream') ?? 'All';
  if (!STREAMS.has(stream)) errors.push(fieldErrors.notSupported(path('stream'), stream, [...STREAMS.keys()]));
  else if (stream !== 'All' && tailLines !== undefined)
    errors.push(
      fieldErrors.forbidden(FieldPath.root('[]'), '`tailLines` and specific `stream` are mutually exclusive for now'),
    );
  if (errors.length > 0) throw statusErrors.invalid('', 'PodLogOptions', name, errors);
  const chosen = STREAMS.get(stream);
  return {
    previous: queryFlag(query, 'previous'),
    follow: queryFlag(query, 'follow'),
    timestamps: queryFlag(query, 'timestamps'),
    ...(chosen === undefined ? {} : { stream: chosen }),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(sinceSeconds === undefined ? {} : { sinceSeconds }),
    ...(sinceTime === undefined ? {} : { sinceTime }),
  };
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (/^[+-]?\d+$/.test(text)) return Number(text);
  throw statusErrors.badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}
