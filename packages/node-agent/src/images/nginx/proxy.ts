/**
 * nginx's proxy_pass: hands a request on and its answer back, as it comes (upstream: ngx_http_proxy_module).
 */
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { NetworkError } from '../../network/network-error.ts';
import { Deadline } from '../../programs/network/deadline.ts';
import { exchangeHttp, type HttpReply, TlsError } from '../../programs/network/http-client.ts';
import { readAll } from '../../programs/network/network-process.ts';
import type { NginxConfig, Scope } from './config.ts';
import { expandVariables, type RequestFacts } from './variables.ts';

/** proxy_connect_timeout and proxy_read_timeout: real milliseconds. */
const TIMEOUT_MS = 60_000;
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'date',
  'server',
]);

export interface ProxyFailure {
  readonly code: 502 | 504;
  readonly problem: string;
  readonly upstream: string;
}

let turn = 0;

/** The bytes that were passed on, or why there are none. */
export async function proxy(
  facts: RequestFacts,
  response: ServerResponse,
  scope: Scope,
  prefix: string,
  config: NginxConfig,
): Promise<number | ProxyFailure> {
  const { process, request } = facts;
  const { url, host } = targetOf(facts, scope, prefix, config);
  const deadline = new Deadline(process, TIMEOUT_MS);
  let reply: HttpReply | undefined;
  let body: Uint8Array | undefined;
  try {
    body = request.method === 'GET' || request.method === 'HEAD' ? undefined : await readAll(request, process);
    reply = await exchangeHttp(process, {
      url,
      method: request.method ?? 'GET',
      headers: headersFor(facts, scope, host, body),
      ...(body === undefined ? {} : { body }),
      tls: { verify: false },
      connectTimeout: TIMEOUT_MS,
      signal: deadline.signal,
    });
    response.statusCode = reply.status;
    for (const [name, value] of reply.headers) {
      if (!HOP_BY_HOP.has(name.toLowerCase())) response.appendHeader(name, value);
    }
    let size = 0;
    const counted = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunks) {
        size += chunk.length;
        yield chunk;
      }
    };
    await pipeline(Readable.from(counted(reply.body), { objectMode: false }), response);
    return size;
  } catch (error) {
    if (!(error instanceof NetworkError || error instanceof TlsError) || response.headersSent) throw error;
    const isLate = error.code === 'ETIMEDOUT';
    return { code: isLate ? 504 : 502, problem: problemOf(error), upstream: url.href };
  } finally {
    deadline.cancel();
    process.memory.release(body?.length ?? 0);
    reply?.close();
  }
}

function problemOf(error: NetworkError | TlsError): string {
  if (error.code === 'ECONNREFUSED') return 'connect() failed (111: Connection refused) while connecting to upstream';
  if (error.code === 'EHOSTUNREACH') return 'connect() failed (113: Host is unreachable) while connecting to upstream';
  if (error.code === 'ETIMEDOUT') return 'upstream timed out (110: Operation timed out) while connecting to upstream';
  if (error.code === 'ENOTFOUND') return 'could not be resolved (3: Host not found)';
  return 'upstream prematurely closed connection while reading response header from upstream';
}

/** A target with a path of its own puts it in the place of the location's. */
function targetOf(
  facts: RequestFacts,
  { proxyPass }: Scope,
  prefix: string,
  { upstreams }: NginxConfig,
): { readonly url: URL; readonly host: string } {
  const { request, path } = facts;
  const target = expandVariables(proxyPass?.target ?? '', facts);
  const found = /^(https?):\/\/([^/]+)(\/.*)?$/.exec(target);
  const [, scheme = 'http', host = '', own] = found ?? [];
  const members = upstreams.get(host);
  const chosen = members === undefined ? host : (members[turn++ % members.length] ?? host);
  const query = request.url?.split('?')[1];
  const rest = own === undefined ? encodeURI(path) : own + encodeURI(path.slice(prefix.length));
  return { url: new URL(`${scheme}://${chosen}${rest}${query === undefined ? '' : `?${query}`}`), host };
}

function headersFor(
  facts: RequestFacts,
  { proxyHeaders }: Scope,
  host: string,
  body: Uint8Array | undefined,
): (readonly [string, string])[] {
  const { rawHeaders } = facts.request;
  const set = new Map<string, readonly [string, string]>([
    ['host', ['Host', host]],
    ['connection', ['Connection', 'close']],
    ...proxyHeaders.map(([name, value]) => [name.toLowerCase(), [name, expandVariables(value, facts)]] as const),
    ...(body === undefined ? [] : [['content-length', ['Content-Length', String(body.length)]] as const]),
  ]);
  const passed = Array.from(
    { length: rawHeaders.length / 2 },
    (_, i) => [rawHeaders[2 * i] ?? '', rawHeaders[2 * i + 1] ?? ''] as const,
  );
  const kept = passed.filter(([name]) => !set.has(name.toLowerCase()) && !HOP_BY_HOP.has(name.toLowerCase()));
  return [...set.values(), ...kept].filter(([, value]) => value !== '');
}

/** The names of hosts that a configuration hands requests to, for the check at its start. */
export function hostOf(target: string, { upstreams }: NginxConfig): string | undefined {
  const host = /^https?:\/\/([^/:$]+)(:\d+)?(\/|$)/.exec(target)?.[1];
  return host === undefined || target.includes('$') || upstreams.has(host) ? undefined : host;
}
