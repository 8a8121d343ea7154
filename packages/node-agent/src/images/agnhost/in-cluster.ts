/**
 * A program's way to the API server as client-go's rest.InClusterConfig has it: the Service's variables, and the Pod's
 * token and authority.
 */
import { Deadline } from '../../programs/network/deadline.ts';
import { exchangeHttp, type HttpReply } from '../../programs/network/http-client.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';

const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
/** Bytes of an answer that are read. */
const LONGEST_ANSWER = 8 * 1024 * 1024;
/** Real milliseconds. */
const TIMEOUT_MS = 30_000;

export interface InClusterAnswer {
  readonly status: number;
  /** `404 Not Found` */
  readonly statusText: string;
  readonly body: string;
}

export interface InClusterRequest {
  readonly method?: string;
  /** Sent as JSON. */
  readonly body?: object;
  readonly accept?: string;
}

/** The namespace of the Pod's account. @throws FileError without one */
export async function ownNamespace(process: ProcessContext): Promise<string> {
  return read(process, 'namespace');
}

/** @throws FileError without one */
export async function accountToken(process: ProcessContext): Promise<string> {
  return read(process, 'token');
}

/** Where the API server is. */
export function apiServerUrl({ env }: ProcessContext): string {
  return `https://${env.get('KUBERNETES_SERVICE_HOST') ?? ''}:${env.get('KUBERNETES_SERVICE_PORT') ?? ''}`;
}

/** @throws FileError without an account, NetworkError, TlsError */
export async function askInCluster(
  process: ProcessContext,
  url: string,
  { method = 'GET', body, accept = 'application/json' }: InClusterRequest = {},
): Promise<InClusterAnswer> {
  const target = new URL(url);
  const token = await accountToken(process);
  const ca = Buffer.from(await read(process, 'ca.crt'));
  const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const deadline = new Deadline(process, TIMEOUT_MS);
  try {
    const reply = await exchangeHttp(process, {
      url: target,
      method,
      headers: [
        ['Host', target.host],
        ['Accept', accept],
        ['Authorization', `Bearer ${token}`],
        ...(bytes === undefined ? [] : jsonHeaders(bytes)),
      ],
      ...(bytes === undefined ? {} : { body: bytes }),
      tls: { verify: true, ca },
      connectTimeout: TIMEOUT_MS,
      signal: deadline.signal,
    });
    return await answerOf(reply);
  } finally {
    deadline.cancel();
  }
}

function jsonHeaders(bytes: Uint8Array): (readonly [string, string])[] {
  return [
    ['Content-Type', 'application/json'],
    ['Content-Length', String(bytes.length)],
  ];
}

async function read(process: ProcessContext, name: string): Promise<string> {
  await process.prepareFiles();
  return Buffer.from(process.fileSystem().readFile(`${ACCOUNT}/${name}`)).toString();
}

async function answerOf(reply: HttpReply): Promise<InClusterAnswer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of reply.body) {
      size += chunk.length;
      if (size > LONGEST_ANSWER) break;
      chunks.push(chunk);
    }
  } finally {
    reply.close();
  }
  const { status, reason } = reply;
  return { status, statusText: `${status} ${reason}`, body: Buffer.concat(chunks).toString() };
}
