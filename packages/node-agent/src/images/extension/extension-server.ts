/**
 * What API servers that run in Pods have in common: HTTPS that asks for client certificates, delegated authentication and
 * authorization, health, and errors as Status objects (upstream: k8s.io/apiserver/pkg/server).
 *
 * Invariant: whatever goes wrong with a request is its own answer; nothing ends the server but its signals.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { StatusError, statusErrors } from '@regatta/api';
import { listenWith } from '../../network/http-service.ts';
import { NetworkError } from '../../network/network-error.ts';
import { isFileError } from '../../runtime/filesystem/file-error.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import type { Flags } from '../agnhost/flags.ts';
import { klogLine } from '../agnhost/go-server.ts';
import { LOCALHOST_CERTIFICATE, LOCALHOST_KEY } from '../agnhost/localhost-certificate.ts';
import { type Caller, DelegatedAuth, DelegationError } from './delegated-auth.ts';
import { type ExtensionRequest, extensionRequest } from './extension-request.ts';

export interface ExtensionCall extends ExtensionRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly caller: Caller;
}

/** Answers; what it throws is the answer otherwise. False: no such path. */
export type ExtensionHandler = (call: ExtensionCall) => Promise<boolean>;

const HEALTH = new Set(['/healthz', '/livez', '/readyz']);
const HTTPS_PORT = 443;
const FATAL = 1;

/** Serves until the process is told to end, which is no error. @param program its name in the log */
export async function runExtensionServer(
  process: ProcessContext,
  flags: Flags,
  handler: ExtensionHandler,
): Promise<number> {
  await process.prepareFiles();
  try {
    const auth = await DelegatedAuth.load(process);
    const port = flags.number('secure-port', HTTPS_PORT);
    const options = { ...certificate(process, flags), requestCert: true, rejectUnauthorized: false };
    const answer = (request: IncomingMessage, response: ServerResponse): void =>
      void serve(process, auth, handler, request, response);
    const make = async () => (await import('node:https')).createServer({ ...options, ca: auth.authorities }, answer);
    const stop = listenWith(process, port, make);
    klogLine(process, 'secure_serving.go:211', `Serving securely on [::]:${port}`);
    await untilTold(process);
    stop();
    return 0;
  } catch (error) {
    if (process.killed.aborted) throw error;
    process.write('stderr', `Error: ${startError(error)}\n`);
    return FATAL;
  }
}

function startError(error: unknown): string {
  if (error instanceof DelegationError) {
    return `unable to load configmap based request-header-client-ca-file: ${error.message}`;
  }
  if (isFileError(error)) return `open ${error.path}: ${error.reason.toLowerCase()}`;
  if (error instanceof NetworkError) return error.message;
  return error instanceof Error ? error.message : String(error);
}

/** The files of the flags, or a certificate for localhost. @throws FileError */
function certificate(process: ProcessContext, flags: Flags): { readonly cert: string; readonly key: string } {
  const [cert, key] = [flags.text('tls-cert-file', ''), flags.text('tls-private-key-file', '')];
  if (cert === '' && key === '') return { cert: LOCALHOST_CERTIFICATE, key: LOCALHOST_KEY };
  const read = (path: string): string => Buffer.from(process.fileSystem().readFile(path)).toString();
  return { cert: read(cert), key: read(key) };
}

function untilTold(process: ProcessContext): Promise<void> {
  return new Promise((resolve) => {
    process.onSignal('TERM', resolve);
    process.onSignal('INT', resolve);
    process.killed.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function serve(
  process: ProcessContext,
  auth: DelegatedAuth,
  handler: ExtensionHandler,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.on('error', () => {});
  try {
    const asked = extensionRequest(request.method ?? 'GET', request.url ?? '/');
    const caller = await auth.caller(request);
    await auth.authorize(caller, asked);
    if (HEALTH.has(asked.path)) return void response.end('ok');
    if (await handler({ ...asked, request, response, caller })) return;
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' });
    response.end('404 page not found\n');
  } catch (error) {
    if (process.killed.aborted) return;
    refuse(response, error);
  }
}

function refuse(response: ServerResponse, error: unknown): void {
  const refusal =
    error instanceof StatusError
      ? error
      : statusErrors.internal(error instanceof Error ? error.message : String(error));
  if (response.headersSent) return void response.destroy();
  sendJson(response, refusal.code, { kind: 'Status', apiVersion: 'v1', ...refusal.status });
}

export function sendJson(response: ServerResponse, code: number, value: object, type = 'application/json'): void {
  const bytes = Buffer.from(`${JSON.stringify(value)}\n`);
  response.writeHead(code, {
    'content-type': type,
    'content-length': bytes.length,
    'cache-control': 'no-cache, private',
  });
  response.end(bytes);
}
