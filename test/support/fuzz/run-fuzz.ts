/**
 * Sends broken requests to a running cluster and tells what it did: answers by class, answers that must not be, and whether
 * anything was changed, crashed or kept.
 */
import fs from 'node:fs';
import https from 'node:https';
import type { HttpTransport } from '@regatta/client';
import { seededRandom } from '@regatta/runtime';
import { eventually, type TestCluster } from '../cluster.ts';
import { BrokenConnections } from './connections.ts';
import { Dice } from './dice.ts';
import { type FuzzRequest, FuzzRequests } from './requests.ts';
import { RuleRequests } from './rule-requests.ts';

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
  const dice = new Dice(seededRandom(seed));
  const sorts = [...new FuzzRequests(dice).sorts, ...new RuleRequests(dice).sorts];
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

function send(url: string, agent: https.Agent, asked: FuzzRequest, isRetry = false): Promise<Answer> {
  const { method, path, headers, body } = asked;
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const request = https.request({ agent, hostname, port, method, path, headers, timeout: LONGEST });
    const none = (why: string): void => resolve({ code: 0, text: why });
    request.once('timeout', () => {
      resolve({ code: 599, text: 'no answer in time' });
      request.destroy();
    });
    request.once('error', (error) => {
      // A server may close a connection that it keeps just as it is used again: clients ask once more.
      if (request.reusedSocket && !isRetry) resolve(send(url, agent, asked, true));
      else none(error.message);
    });
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

/** Connections that are broken, several at once. @returns how many of each sort */
export async function runBrokenConnections(
  cluster: TestCluster,
  count: number,
  seed: number,
  pod?: string,
): Promise<Readonly<Record<string, number>>> {
  const connected = cluster.client();
  const { url, ca = '', cert = '', key = '' } = (connected.client.transport as HttpTransport).options;
  const { hostname, port } = new URL(url);
  const target = { host: hostname, port: Number(port), ca: String(ca), cert: String(cert), key: String(key), pod };
  const { sorts } = new BrokenConnections(new Dice(seededRandom(seed)), target);
  const made: Record<string, number> = {};
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const [sort, open] = sorts[next++ % sorts.length] ?? [];
      if (sort === undefined || open === undefined) return;
      await open();
      made[sort] = (made[sort] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, worker));
  connected.close();
  return made;
}

/** What changes while nobody does anything: heartbeats, and what is told of them. */
const LIVELY = new Set(['leases', 'events', 'nodes', 'apiservices', 'componentstatuses']);

/** All other objects, by their resourceVersions. */
export async function stateOf(cluster: TestCluster): Promise<Readonly<Record<string, string>>> {
  const state: Record<string, string> = {};
  const names = (await cluster.kubectl('api-resources', '--verbs=list', '-o', 'name')).trim().split('\n');
  const stored = names.filter((name) => !LIVELY.has(name.split('.')[0] ?? ''));
  const path =
    '{range .items[*]}{.kind}/{.metadata.namespace}/{.metadata.name} {.metadata.resourceVersion}{"\\n"}{end}';
  const text = await cluster.kubectl('get', stored.join(','), '-A', '--ignore-not-found', '-o', `jsonpath=${path}`);
  for (const line of text.trim().split('\n')) {
    const [object = '', version = ''] = line.split(' ');
    state[object] = version;
  }
  return state;
}

/** A definition with rules, an object of it, and a Pod to open streams to: what the fuzzer aims at. */
export async function aimAt(cluster: TestCluster): Promise<void> {
  await eventually('the controllers have made what they make', async () =>
    (await cluster.kubectl('get', 'configmaps', '-A')).includes('kube-root-ca.crt'),
  );
  await cluster.apply('fuzz-definition.yaml');
  await eventually('the definition is served', async () => (await cluster.tryKubectl('get', 'widgets')).code === 0);
  await cluster.apply('fuzz-object.yaml');
  await cluster.kubectl('run', 'fuzz-target', '--image=busybox', '--restart=Never', '--', 'sleep', '1000000');
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod/fuzz-target', '--timeout=60s');
}

/** The apiserver's process, the MiB and the file descriptors that it holds. */
export async function apiserver(
  cluster: TestCluster,
): Promise<{ readonly pid: string; readonly memory: number; readonly handles: number }> {
  const line = (await cluster.regatta('status')).split('\n').find((text) => text.startsWith('apiserver')) ?? '';
  const pid = /\b\d{2,}\b/.exec(line)?.[0] ?? '';
  const kib = Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  return { pid, memory: Math.round(kib / 1024), handles: fs.readdirSync(`/proc/${pid}/fd`).length };
}

/** What the apiserver logged as errors: each is a defect. */
export function loggedErrors(cluster: TestCluster): readonly string[] {
  const log = fs.readFileSync(`${cluster.dataDir}/logs/apiserver.log`, 'utf8');
  return log.split('\n').filter((line) => line.includes('"level":"error"'));
}
