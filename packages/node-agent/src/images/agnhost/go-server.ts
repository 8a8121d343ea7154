/**
 * An HTTP server as Go's net/http makes it: routes by path, text answers, its log's lines. Owns its listeners; they end
 * with the process.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listenLazily, listenWith } from '../../network/http-service.ts';
import { NetworkError } from '../../network/network-error.ts';
import { FileError } from '../../runtime/filesystem/file-error.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import type { Flags } from './flags.ts';

export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  /** Query parameters. */
  readonly query: URLSearchParams;
}

export type Handler = (call: Call) => void | Promise<void>;

/** Bytes of a request's form that are read. */
const LONGEST_FORM = 1024 * 1024;

export interface ServeOptions {
  /** Serves TLS with these, PEM. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  readonly address?: string;
}

/** Listens; a path without a route of its own goes to `/`. @throws NetworkError `EADDRINUSE` */
export function serveRoutes(
  process: ProcessContext,
  port: number,
  routes: Readonly<Record<string, Handler>>,
  { tls, address }: ServeOptions = {},
): () => void {
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    response.on('error', () => {});
    const call = readCall(request, response);
    const handler = (Object.hasOwn(routes, call.path) ? routes[call.path] : undefined) ?? routes['/'] ?? notFound;
    Promise.resolve()
      .then(() => handler(call))
      .catch(() => response.destroy());
  };
  if (tls === undefined) return listenLazily(process, port, answer, address);
  return listenTls(process, port, tls, answer, address);
}

function listenTls(
  process: ProcessContext,
  port: number,
  { certificate, key }: NonNullable<ServeOptions['tls']>,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  address: string | undefined,
): () => void {
  const make = async () => (await import('node:https')).createServer({ cert: certificate, key }, answer);
  return listenWith(process, port, make, address);
}

function readCall(request: IncomingMessage, response: ServerResponse): Call {
  const [path = '/', query = ''] = (request.url ?? '/').split('?');
  return { request, response, path, query: new URLSearchParams(query) };
}

function notFound({ response }: Call): void {
  httpError(response, '404 page not found', 404);
}

/** Go's http.Error. */
export function httpError(response: ServerResponse, text: string, code: number): void {
  response.statusCode = code;
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.end(`${text}\n`);
}

/** What Go's server takes for a page when nobody says what it is (net/http, sniffSig). */
const PAGE =
  /^[\t\n\f\r ]*<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|!--)[ >]/i;

export function text(response: ServerResponse, body: string, code = 200): void {
  response.statusCode = code;
  response.setHeader('Content-Type', `text/${PAGE.test(body) ? 'html' : 'plain'}; charset=utf-8`);
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(body);
}

/** The parameters of a query and, for a POST, of the form in its body. */
export async function formOf({ request, query }: Call): Promise<URLSearchParams> {
  if (!request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) return query;
  return new URLSearchParams([...new URLSearchParams(await bodyOf(request, LONGEST_FORM)), ...query]);
}

/** A body's text; of a longer one the first whole pieces below the limit. @param limit bytes */
export async function bodyOf(request: IncomingMessage, limit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > limit) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** The files of --tls-cert-file and --tls-private-key-file. @throws FileError */
export function tlsFiles(process: ProcessContext, flags: Flags): NonNullable<ServeOptions['tls']> {
  const read = (flag: string): string => Buffer.from(process.fileSystem().readFile(flags.text(flag, ''))).toString();
  return { certificate: read('tls-cert-file'), key: read('tls-private-key-file') };
}

/** Serves HTTPS on --port until it is killed; ends as klog.Fatal does when the certificate can't be used. */
export async function serveTls(
  process: ProcessContext,
  flags: Flags,
  routes: Readonly<Record<string, Handler>>,
): Promise<number> {
  await process.prepareFiles();
  try {
    const tls = tlsFiles(process, flags);
    (await import('node:tls')).createSecureContext({ cert: tls.certificate, key: tls.key });
    serveRoutes(process, flags.number('port', 443), routes, { tls });
  } catch (error) {
    klogLine(process, 'config.go:36', fatalReason(error), 'F');
    return 255;
  }
  return runUntilKilled(process);
}

function fatalReason(error: unknown): string {
  if (error instanceof FileError) return `open ${error.path}: ${error.reason.toLowerCase()}`;
  return error instanceof NetworkError ? error.message : 'tls: failed to find any PEM data in certificate input';
}

/** A line of Go's log package: on standard error, with the time. */
export function logLine(process: ProcessContext, line: string): void {
  const iso = new Date(process.clock.now()).toISOString();
  process.write('stderr', `${iso.slice(0, 10).replaceAll('-', '/')} ${iso.slice(11, 19)} ${line}\n`);
}

/** A line of klog: `I1231 10:20:30.123456       1 file.go:42] text`. */
export function klogLine(process: ProcessContext, place: string, line: string, level = 'I'): void {
  const iso = new Date(process.clock.now()).toISOString();
  const when = `${iso.slice(5, 7)}${iso.slice(8, 10)} ${iso.slice(11, 23)}000`;
  process.write('stderr', `${level}${when}       1 ${place}] ${line}\n`);
}

/** What a Go program without handlers does: the signal doesn't end a first process by itself, so Go's runtime ends with 2. */
export function runUntilKilled(process: ProcessContext): Promise<number> {
  return new Promise((resolve) => {
    process.onSignal('TERM', () => resolve(2));
    process.onSignal('INT', () => resolve(2));
    process.killed.addEventListener('abort', () => resolve(137), { once: true });
  });
}
