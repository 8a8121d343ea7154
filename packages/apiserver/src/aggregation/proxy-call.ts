/**
 * Requests that go to extension servers: authenticated and authorized here, sent on in the name of whoever asks
 * (upstream: k8s.io/kube-aggregator/pkg/apiserver/handler_proxy.go, pkg/controllers/openapiv3).
 */
import { type APIService, StatusError } from '@regatta/api';
import { askBackend } from '../connect/proxy/backend.ts';
import { forwardedHeaders, returnedHeaders } from '../connect/proxy/proxy-headers.ts';
import { passAnswer } from '../connect/proxy/proxy-request.ts';
import type { ProxyTarget } from '../connect/proxy/proxy-target.ts';
import type { ApiCall } from '../server/api-call.ts';
import type { FixedResponse, ServerResponse } from '../server/exchange.ts';
import type { RequestInfo } from '../server/request-info.ts';
import { textResponse } from '../server/status-response.ts';
import { isAvailable } from './available.ts';
import { asJson, asMsgpack, isFromBus } from './bus-translation.ts';
import { extensionTarget } from './extension-server.ts';
import type { RemoteApis } from './remote-apis.ts';
import { withUser } from './remote-user.ts';

/** What sending requests on needs. */
export type Remotes = Pick<RemoteApis, 'env' | 'isEmpty' | 'of'>;

const OPENAPI = '/openapi/v3';
const OPENAPI_USER = { name: 'system:aggregator', groups: [] };

/** The APIService of another server that a request is for; undefined when this server answers. */
export function remoteOf(remotes: Remotes, info: RequestInfo): APIService | undefined {
  if (remotes.isEmpty) return undefined;
  if (info.isResource) return remotes.of(info.group, info.version);
  const path = info.path.startsWith(`${OPENAPI}/`) ? info.path.slice(OPENAPI.length) : info.path;
  const [root, group = '', version = ''] = path.split('/').filter(Boolean);
  return root === 'apis' && version !== '' ? remotes.of(group, version) : undefined;
}

/** In plain text, as upstream's proxy answers. */
export async function proxyCall(remotes: Remotes, service: APIService, call: ApiCall): Promise<ServerResponse> {
  const target = targetOf(remotes, service);
  if (!target) return unavailable('service unavailable');
  try {
    return await forward(target, call);
  } catch (error) {
    if (error instanceof StatusError) return unavailable(error.message);
    throw error;
  }
}

/** Undefined when the server can't be asked. */
export function targetOf(remotes: Remotes, service: APIService): ProxyTarget | undefined {
  if (!isAvailable(service) || !service.spec.service) return undefined;
  try {
    return extensionTarget(remotes.env, service.spec.service, service.spec);
  } catch (error) {
    if (error instanceof StatusError) return undefined;
    throw error;
  }
}

/** As the extension server gets them. */
export function headersFor(target: ProxyTarget, { request, info, user }: ApiCall): Record<string, string | string[]> {
  const isDocument = info.path.startsWith(`${OPENAPI}/`);
  const headers = forwardedHeaders(request, info.path);
  return withUser({ ...headers, host: target.host }, isDocument ? OPENAPI_USER : user);
}

async function forward(target: ProxyTarget, call: ApiCall): Promise<ServerResponse> {
  const { request } = call;
  const isPacked = isFromBus(request);
  const given = { headers: headersFor(target, call), body: await request.body() };
  const { headers, body } = isPacked ? asJson(given.headers, given.body) : given;
  if (body.length > 0) headers['content-length'] = String(body.length);
  const outgoing = { method: request.method, path: request.url, headers };
  const { message } = await askBackend(target, outgoing, (out) => out.end(body), request.signal);
  if (isPacked) return asMsgpack(message, call.info.verb === 'watch');
  return {
    code: message.statusCode ?? 502,
    headers: returnedHeaders(message.headers),
    patient: true,
    stream: (sink) => passAnswer(message, sink),
  };
}

function unavailable(why: string): FixedResponse {
  return textResponse(503, `${why}\n`, { 'x-content-type-options': 'nosniff' });
}
