/**
 * The kubelet's own HTTP endpoints, as nodes/proxy reaches them (upstream: pkg/kubelet/server/server.go). Made at the first
 * connection; connections come over the bus, from apiservers alone.
 *
 * Not there: what streams (exec, attach, port-forward have their own way), profiling, the node's log files.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type BusStream, StreamDuplex } from '@regatta/bus';
import type { ClusterClock } from '@regatta/runtime';
import type { NodeAgent } from '../node/node-agent.ts';
import { kubeletConfig, kubeletMetrics, podList, runningPods, statsSummary } from './kubelet-answers.ts';

export interface KubeletServerOptions {
  readonly agent: NodeAgent;
  readonly clock: ClusterClock;
}

interface Answer {
  readonly type: string;
  readonly body: string;
}

export class KubeletServer {
  readonly #paths: ReadonlyMap<string, () => Answer>;
  #server: Promise<Server> | undefined;

  constructor({ agent, clock }: KubeletServerOptions) {
    const healthy = (): Answer => ({ type: 'text/plain; charset=utf-8', body: 'ok' });
    const json = (make: () => object) => (): Answer => ({ type: 'application/json', body: JSON.stringify(make()) });
    this.#paths = new Map<string, () => Answer>([
      ['/healthz', healthy],
      ['/healthz/log', healthy],
      ['/healthz/ping', healthy],
      ['/healthz/syncloop', healthy],
      ['/pods', json(() => podList(agent))],
      ['/runningpods', json(() => runningPods(agent))],
      ['/configz', json(kubeletConfig)],
      ['/stats/summary', json(() => statsSummary(agent, clock))],
      ['/metrics', () => ({ type: 'text/plain; version=0.0.4; charset=utf-8', body: kubeletMetrics(agent) })],
    ]);
  }

  async connect(accept: () => Promise<BusStream>): Promise<void> {
    this.#server ??= this.#make();
    const [server, stream] = await Promise.all([this.#server, accept()]);
    server.emit('connection', new StreamDuplex(stream));
  }

  async #make(): Promise<Server> {
    const { createServer } = await import('node:http');
    return createServer((request, response) => this.#answer(request, response));
  }

  #answer({ method, url = '/' }: IncomingMessage, response: ServerResponse): void {
    const mark = url.indexOf('?');
    const path = (mark < 0 ? url : url.slice(0, mark)).replace(/\/+$/, '');
    const make = this.#paths.get(path);
    if (make === undefined) return send(response, 404, 'text/plain; charset=utf-8', '404 page not found\n');
    if (method !== 'GET' && method !== 'HEAD') return send(response, 405, 'text/plain', '405: Method Not Allowed');
    const { type, body } = make();
    send(response, 200, type, body);
  }
}

function send(response: ServerResponse, code: number, type: string, body: string): void {
  response.writeHead(code, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
