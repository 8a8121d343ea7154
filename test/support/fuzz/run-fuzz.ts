/**
 * Sends broken requests to a running cluster and tells what it did: answers by class, answers that must not be, and whether
 * anything was changed, crashed or kept.
 */
import fs from 'node:fs';
import https from 'node:https';
import type { HttpTransport } from '@regatta/client';
import { seededRandom } from '@regatta/runtime';
import type { TestCluster } from '../cluster.ts';
import { Dice } from './dice.ts';
import { type FuzzRequest, FuzzRequests } from './requests.ts';

const WIDTH = 16;
/** Real milliseconds for one answer. */
const LONGEST = 20_000;
/** Of one run, what went wrong is told this often. */
const MOST_TOLD = 20;

export interface FuzzResult {
  readonly sent: number;
  /** By sort: answers by code; 0 where the connection was closed without one. */
  readonly codes: Readonly<Record<string, Readonly<Record<number, number>>>>;
  /** Requests that were answered as a defect is, or not at all, told so that they can be sent again. */
  readonly wrong: readonly string[];
}

export async function runFuzz(cluster: TestCluster, count: number, seed: number): Promise<FuzzResult> {
  const connected = cluster.client();
  const { url, ca, cert, key } = (connected.client.transport as HttpTransport).options;
  const agents = {
    known: new https.Agent({ keepAlive: true, maxSockets: WIDTH, ca, cert, key }),
    // A client certificate would count before any token.
    unknown: new https.Agent({ keepAlive: true, maxSockets: WIDTH, ca }),
  };
  const { sorts } = new FuzzRequests(new Dice(seededRandom(seed)));
  const codes: Record<string, Record<number, number>> = {};
  const wrong: string[] = [];
  let sent = 0;
  const worker = async (): Promise<void> => {
    while (sent < count) {
      const [sort, make] = sorts[sent++ % sorts.length] ?? [];
      if (sort === undefined || make === undefined) return;
      const request = make();
      const answer = await send(url, sort === 'tokens' ? agents.unknown : agents.known, request);
      const { code, text } = answer;
      const ofSort = codes[sort] ?? {};
      codes[sort] = { ...ofSort, [code]: (ofSort[code] ?? 0) + 1 };
      if (!isRight(answer, sort) && wrong.length < MOST_TOLD) wrong.push(told(sort, request, code, text));
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, worker));
  for (const agent of Object.values(agents)) agent.destroy();
  connected.close();
  return { sent, codes, wrong };
}

/**
 * Answers below 500; and the 500 without a reason that upstream, too, gives for what its patch and apply code can't take.
 * Without an answer: only what is no HTTP may be cut off.
 */
function isRight({ code, text }: Answer, sort: string): boolean {
  if (code === 0) return sort === 'handshakes' || sort === 'paths';
  // The reason's text is in every encoding.
  return code < 500 || (code === 500 && text.includes('Failure') && !text.includes('InternalError'));
}

function told(sort: string, { method, path, headers, body }: FuzzRequest, code: number, text: string): string {
  const shown = (body?.toString('latin1') ?? '').slice(0, 2000);
  return `${sort}: ${method} ${path.slice(0, 500)} ${JSON.stringify(headers)} ${JSON.stringify(shown)} -> ${code} ${text.slice(0, 500)}`;
}

interface Answer {
  readonly code: number;
  readonly text: string;
}

function send(url: string, agent: https.Agent, { method, path, headers, body }: FuzzRequest): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const request = https.request({ agent, hostname, port, method, path, headers, timeout: LONGEST });
    const none = (why: string): void => resolve({ code: 0, text: why });
    request.once('timeout', () => {
      resolve({ code: 599, text: 'no answer in time' });
      request.destroy();
    });
    request.once('error', (error) => none(error.message));
    request.once('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ code: response.statusCode ?? 0, text: '' });
    });
    request.once('response', (response) => {
      const code = response.statusCode ?? 0;
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => {
        if (chunks.push(chunk) > 64) request.destroy();
      });
      // A watch that was hit upon would never end.
      if (code === 200 && path.includes('/watch/')) request.destroy();
      response.once('close', () => resolve({ code, text: Buffer.concat(chunks).toString() }));
    });
    request.end(body);
  });
}

/** All that is stored, told by the revision: the next write's is one more. */
export async function revision(cluster: TestCluster): Promise<string> {
  const list = JSON.parse(await cluster.kubectl('get', '--raw', '/api/v1/nodes?limit=1')) as {
    metadata: { resourceVersion: string };
  };
  return list.metadata.resourceVersion;
}

/** The apiserver's process and the MiB that it holds. */
export async function apiserver(cluster: TestCluster): Promise<{ readonly pid: string; readonly memory: number }> {
  const line = (await cluster.regatta('status')).split('\n').find((text) => text.startsWith('apiserver')) ?? '';
  const pid = /\b\d{2,}\b/.exec(line)?.[0] ?? '';
  const kib = Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  return { pid, memory: Math.round(kib / 1024) };
}

/** What the apiserver logged as errors: each is a defect. */
export function loggedErrors(cluster: TestCluster): readonly string[] {
  const log = fs.readFileSync(`${cluster.dataDir}/logs/apiserver.log`, 'utf8');
  return log.split('\n').filter((line) => line.includes('"level":"error"'));
}
