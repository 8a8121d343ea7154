/**
 * pods/proxy, services/proxy and nodes/proxy: any HTTP request
 * (upstream: staging/src/k8s.io/apimachinery/pkg/util/proxy/{upgradeaware,transport}.go).
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { ApiCall } from '../../server/api-call.ts';
import type { ResponseHeaders, ServerRequest, ServerResponse, StreamSink } from '../../server/exchange.ts';
import { askBackend } from './backend.ts';
import { rewriteHtml } from './html-links.ts';
import { forwardedHeaders, returnedHeaders } from './proxy-headers.ts';
import { type LinkContext, type ProxyLocation, proxyLocation, rewriteLink } from './proxy-location.ts';
import { type ProxyEnvironment, type ProxyTarget, proxyTarget } from './proxy-target.ts';

/** A page whose links are rewritten is kept in memory: a longer one goes through as it is. */
const LARGEST_PAGE = 4 * 1024 * 1024;

/** @throws StatusError */
export async function proxyRequest(env: ProxyEnvironment, call: ApiCall): Promise<ServerResponse> {
  const { info, request } = call;
  const target = proxyTarget(env, info);
  const location = proxyLocation(request.url, info.namespace !== '');
  const bare = location.path === '' && (request.method === 'GET' || request.method === 'HEAD');
  // Relative links of the page would lead astray without the slash.
  if (bare) return { code: 301, headers: { location: `${location.prefix}/${location.query}` }, body: [] };
  return forward(target, location, request);
}

async function forward(target: ProxyTarget, location: ProxyLocation, request: ServerRequest): Promise<ServerResponse> {
  const body = request.bodyStream?.();
  const headers = forwardedHeaders(request, `${location.prefix}${location.path}`);
  if (body && headers['content-length'] === undefined) headers['transfer-encoding'] = 'chunked';
  const outgoing = { method: request.method, path: `${location.path || '/'}${location.query}`, headers };
  const { message } = await askBackend(target, outgoing, (out) => sendBody(body, out), request.signal);
  const links: LinkContext = {
    serverHost: target.host,
    clientHost: String(headers['host'] ?? ''),
    prefix: location.prefix,
  };
  const returned = returnedHeaders(message.headers);
  const code = message.statusCode ?? 502;
  const redirect = message.headers.location;
  if (redirect !== undefined) returned['location'] = rewriteLink(redirect, links);
  else if (isPage(message)) return page(message, code, returned, links);
  return { code, headers: returned, patient: true, stream: (sink) => passAnswer(message, sink) };
}

function sendBody(body: Readable | undefined, outgoing: ClientRequest): void {
  if (body === undefined) {
    outgoing.end();
    return;
  }
  body.once('error', () => outgoing.destroy());
  body.pipe(outgoing);
}

/** Sends bytes on as they come, and takes no more than the reader does. */
export async function passAnswer(message: AsyncIterable<Uint8Array>, sink: StreamSink): Promise<void> {
  for await (const bytes of message) {
    if (sink.signal.aborted) return;
    if (!sink.write(bytes)) await sink.drained();
  }
}

/** Whether it is HTML in an encoding whose links can be read. */
function isPage({ headers }: IncomingMessage): boolean {
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim();
  const encoding = headers['content-encoding'] ?? '';
  return type === 'text/html' && ['', 'gzip', 'deflate'].includes(encoding);
}

async function page(
  message: IncomingMessage,
  code: number,
  headers: ResponseHeaders,
  links: LinkContext,
): Promise<ServerResponse> {
  const { head, rest } = await readUpTo(message, LARGEST_PAGE);
  if (rest !== undefined) return { code, headers, patient: true, stream: (sink) => passBoth(head, rest, sink) };
  const body = await rewritten(head, message.headers['content-encoding'], links);
  delete headers['content-length'];
  return { code, headers, body: [body] };
}

async function rewritten(bytes: Buffer, encoding: string | undefined, links: LinkContext): Promise<Buffer> {
  const rewrite = (html: Buffer): Buffer =>
    Buffer.from(
      rewriteHtml(html.toString('latin1'), (link) => rewriteLink(link, links)),
      'latin1',
    );
  if (!encoding || bytes.length === 0) return rewrite(bytes);
  const { deflateRawSync, gunzipSync, gzipSync, inflateRawSync } = await import('node:zlib');
  const limit = { maxOutputLength: LARGEST_PAGE * 4 };
  if (encoding === 'gzip') return gzipSync(rewrite(gunzipSync(bytes, limit)));
  return deflateRawSync(rewrite(inflateRawSync(bytes, limit)));
}

interface Read {
  readonly head: Buffer;
  /** What is left, when there was more than asked for. */
  readonly rest?: AsyncIterable<Uint8Array>;
}

async function readUpTo(message: IncomingMessage, limit: number): Promise<Read> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const iterator: AsyncIterator<Uint8Array> = message[Symbol.asyncIterator]();
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    chunks.push(next.value);
    size += next.value.length;
    if (size > limit) return { head: Buffer.concat(chunks), rest: { [Symbol.asyncIterator]: () => iterator } };
  }
  return { head: Buffer.concat(chunks) };
}

async function passBoth(head: Uint8Array, rest: AsyncIterable<Uint8Array>, sink: StreamSink): Promise<void> {
  if (!sink.write(head)) await sink.drained();
  await passAnswer(rest, sink);
}
