/**
 * Carries out what probes and lifecycle hooks ask for: a command in the container, an HTTP request, a TCP connection
 * (upstream: pkg/probe, pkg/kubelet/lifecycle/handlers.go).
 *
 * A result is a value, never an exception. Timeouts are cluster time.
 */
import type { Container, ExecAction, HTTPGetAction, Pod, TCPSocketAction } from '@regatta/api';
import type { ClusterClock } from '@regatta/runtime';
import { NetworkError, type PodNetwork } from '../network/pod-network.ts';
import { type ContainerRuntime, RuntimeError } from '../runtime/container-runtime.ts';

export interface HandlerResult {
  readonly ok: boolean;
  /** What a failed probe's event says after its colon. */
  readonly output: string;
}

export interface HandlerTarget {
  readonly pod: Pod;
  readonly container: Container;
  readonly containerId: string;
  readonly podIp: string;
}

/** Upstream keeps 10 KiB of a probe's output. */
const LONGEST_OUTPUT = 10 * 1024;

export class HandlerRunner {
  constructor(
    private readonly runtime: ContainerRuntime,
    private readonly network: PodNetwork,
    private readonly clock: ClusterClock,
    private readonly nodeIp: string,
  ) {}

  async exec(target: HandlerTarget, action: ExecAction, timeout: number): Promise<HandlerResult> {
    const command = action.command ?? [];
    try {
      const session = await this.runtime.exec(target.containerId, { command, stdin: false, tty: false });
      let isOver = false;
      const timer = this.clock.setTimer(timeout, () => {
        isOver = true;
        session.close();
      });
      const [output, code] = await Promise.all([collect(session.output), session.exitCode]);
      timer.cancel();
      if (code !== 0 && isOver) {
        return failed(`command timed out: ${JSON.stringify(command.join(' '))} timed out after ${timeout / 1000}s`);
      }
      return { ok: code === 0, output };
    } catch (error) {
      if (error instanceof RuntimeError) return failed(`rpc error: code = Unknown desc = ${error.message}`);
      throw error;
    }
  }

  async httpGet(target: HandlerTarget, action: HTTPGetAction, timeout: number, agent: string): Promise<HandlerResult> {
    const port = resolvePort(action.port, target.container);
    if (port === undefined) return failed(`unable to find port ${JSON.stringify(action.port)}`);
    const host = action.host || target.podIp;
    const path = action.path?.startsWith('/') ? action.path : `/${action.path ?? ''}`;
    const scheme = (action.scheme ?? 'HTTP').toLowerCase();
    const url = `${scheme}://${host}:${port}${path}`;
    const given = (action.httpHeaders ?? []).map(({ name, value }): [string, string] => [name, value]);
    const headers = {
      Host: `${host}:${port}`,
      'User-Agent': agent,
      Accept: '*/*',
      Connection: 'close',
      ...Object.fromEntries(given),
    };
    return this.#withTimeout(
      timeout,
      `Get "${url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
      async () => {
        const { request } = await import('../network/http-service.ts');
        try {
          const connection = await this.network.connect(this.nodeIp, { ip: host, port });
          const answer = await request(connection, { method: 'GET', path, headers, limit: LONGEST_OUTPUT });
          if (answer.code >= 200 && answer.code < 400) return { ok: true, output: Buffer.from(answer.body).toString() };
          return failed(`HTTP probe failed with statuscode: ${answer.code}`);
        } catch (error) {
          return failed(`Get "${url}": ${dialError(error, host, port)}`);
        }
      },
    );
  }

  async tcpSocket(target: HandlerTarget, action: TCPSocketAction, timeout: number): Promise<HandlerResult> {
    const port = resolvePort(action.port, target.container);
    if (port === undefined) return failed(`unable to find port ${JSON.stringify(action.port)}`);
    const host = action.host || target.podIp;
    return this.#withTimeout(timeout, `dial tcp ${host}:${port}: i/o timeout`, async () => {
      try {
        (await this.network.connect(this.nodeIp, { ip: host, port })).destroy();
        return { ok: true, output: '' };
      } catch (error) {
        return failed(dialError(error, host, port));
      }
    });
  }

  /** Runs a lifecycle hook. Upstream's tcpSocket hooks do nothing but are accepted. */
  async hook(
    target: HandlerTarget,
    hook: NonNullable<NonNullable<Container['lifecycle']>['preStop']>,
    timeout: number,
  ): Promise<HandlerResult> {
    if (hook.exec) return this.exec(target, hook.exec, timeout);
    if (hook.httpGet) return this.httpGet(target, hook.httpGet, timeout, 'kube-lifecycle/1.36');
    if (hook.sleep) await this.clock.sleep(Math.min(hook.sleep.seconds * 1000, timeout));
    return { ok: true, output: '' };
  }

  #withTimeout(timeout: number, message: string, work: () => Promise<HandlerResult>): Promise<HandlerResult> {
    return new Promise((resolve, reject) => {
      const timer = this.clock.setTimer(timeout, () => resolve(failed(message)));
      work()
        .then(resolve, reject)
        .finally(() => timer.cancel());
    });
  }
}

function failed(output: string): HandlerResult {
  return { ok: false, output };
}

function dialError(error: unknown, host: string, port: number): string {
  if (!(error instanceof NetworkError)) return error instanceof Error ? error.message : String(error);
  const words = { ECONNREFUSED: 'connection refused', EHOSTUNREACH: 'no route to host', ETIMEDOUT: 'i/o timeout' };
  const text = Object.entries(words).find(([code]) => code === error.code)?.[1] ?? error.message;
  return `dial tcp ${host}:${port}: ${text === 'i/o timeout' ? text : `connect: ${text}`}`;
}

/** A port number, or the number of the container's port of that name. */
function resolvePort(port: number | string, container: Container): number | undefined {
  if (typeof port === 'number') return port;
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  return named ?? (/^\d+$/.test(port) ? Number(port) : undefined);
}

async function collect(output: AsyncIterable<{ readonly bytes: Uint8Array }>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const { bytes } of output) {
    if (size < LONGEST_OUTPUT) chunks.push(bytes.subarray(0, LONGEST_OUTPUT - size));
    size += bytes.length;
  }
  return Buffer.concat(chunks).toString();
}
