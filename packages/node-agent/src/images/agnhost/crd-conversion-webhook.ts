/**
 * agnhost crd-conversion-webhook: converts stable.example.com's objects between v1 (hostPort) and v2 (host, port) over
 * HTTPS (upstream: test/images/agnhost/crd-conversion-webhook).
 */
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { parseFlags } from './flags.ts';
import { bodyOf, type Call, httpError, klogLine, serveTls, text } from './go-server.ts';

const VERSIONS: readonly unknown[] = ['apiextensions.k8s.io/v1', 'apiextensions.k8s.io/v1beta1'];
const V1 = 'stable.example.com/v1';
const V2 = 'stable.example.com/v2';
/** Bytes: lists are converted as a whole. */
const LONGEST_REVIEW = 64 * 1024 * 1024;

type Custom = Readonly<Record<string, unknown>>;

/** An object that can't be converted; its message is the answer's. */
export class ConversionError extends Error {
  readonly code = 'conversion';
}

export function crdConversionWebhook(process: ProcessContext): Promise<number> {
  const routes = {
    '/crdconvert': (call: Call) => serveConversion(process, call),
    '/readyz': ({ response }: Call) => text(response, 'ok'),
  };
  return serveTls(process, parseFlags(process.argv.slice(2)), routes);
}

async function serveConversion(process: ProcessContext, { request, response }: Call): Promise<void> {
  const type = request.headers['content-type'] ?? '';
  const body = await bodyOf(request, LONGEST_REVIEW);
  const refuse = (message: string): void => {
    klogLine(process, 'framework.go:139', message, 'E');
    httpError(response, message, 400);
  };
  if (type !== 'application/json') return refuse(`invalid Content-Type header \`${type}\``);
  const review = parse(body);
  if (review === undefined) return refuse(`failed to deserialize body (${body})`);
  const { kind, apiVersion } = review;
  if (kind !== 'ConversionReview' || !VERSIONS.includes(apiVersion)) {
    return refuse(`Unsupported group version kind: ${apiVersion}, Kind=${kind}`);
  }
  const answer = { kind, apiVersion, response: convertAll(review.request ?? {}) };
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(answer));
}

interface ConversionRequest {
  readonly uid?: string;
  readonly desiredAPIVersion?: string;
  readonly objects?: readonly Custom[];
}

function parse(body: string): { kind?: string; apiVersion?: string; request?: ConversionRequest } | undefined {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function convertAll({ uid = '', desiredAPIVersion = '', objects = [] }: ConversionRequest): object {
  try {
    const convertedObjects = objects.map((object) => convert(object, desiredAPIVersion));
    return { uid, convertedObjects, result: { metadata: {}, status: 'Success' } };
  } catch (error) {
    if (!(error instanceof ConversionError)) throw error;
    const result = { metadata: {}, status: 'Failure', message: error.message };
    return { uid, convertedObjects: null, result };
  }
}

/** @throws ConversionError */
export function convert(object: Custom, to: string): Custom {
  const from = String(object['apiVersion'] ?? '');
  if (from === to) throw new ConversionError(`conversion from a version to itself should not call the webhook: ${to}`);
  if (from !== V1 && from !== V2) throw new ConversionError(`unexpected conversion version ${JSON.stringify(from)}`);
  if (to !== V1 && to !== V2) throw new ConversionError(`unexpected conversion version ${JSON.stringify(to)}`);
  return { ...(to === V2 ? split(object) : join(object)), apiVersion: to };
}

function split(object: Custom): Custom {
  const { hostPort, ...rest } = object;
  if (hostPort === undefined) return object;
  const [host, port, ...more] = String(hostPort).split(':');
  if (port === undefined || more.length > 0) throw new ConversionError(`invalid hostPort value \`${hostPort}\``);
  return { ...rest, host, port };
}

function join(object: Custom): Custom {
  const { host, port, ...rest } = object;
  if (host === undefined && port === undefined) return object;
  return { ...rest, hostPort: `${host ?? ''}:${port ?? ''}` };
}
