/**
 * Asks a container one probe's question (upstream: pkg/probe and pkg/kubelet/prober/prober.go).
 *
 * An answer is a value: a failure is the container's, an error is the probe's own and says nothing of the container.
 * Timeouts are cluster time.
 */
import type { ExecAction, GRPCAction, HTTPGetAction, Probe, TCPSocketAction } from '@regatta/api';
import type { ClusterClock } from '@regatta/runtime';
import { type ContainerRuntime, RuntimeError } from '../runtime/container-runtime.ts';
import { execCommand } from './exec-command.ts';
import { checkHealth, GrpcError } from './grpc-health.ts';
import { formatTimeout, HandlerError, type HandlerTarget, resolvePort } from './handler-target.ts';
import { type Dial, dialError, formatAddress, GetError, getRequest, httpGet } from './http-get.ts';

export interface ProbeAnswer {
  readonly result: 'success' | 'warning' | 'failure' | 'error';
  /** What the event says after its colon. */
  readonly output: string;
}

const USER_AGENT = 'kube-probe/1.36';
/** Cluster milliseconds between attempts to connect to a gRPC server that refuses. */
const GRPC_RETRY_MS = 100;

export class Prober {
  constructor(
    private readonly runtime: ContainerRuntime,
    private readonly dial: Dial,
    private readonly clock: ClusterClock,
  ) {}

  async ask(target: HandlerTarget, probe: Probe): Promise<ProbeAnswer> {
    const timeout = (probe.timeoutSeconds || 1) * 1000;
    try {
      if (probe.exec) return await this.#exec(target, probe.exec, timeout);
      if (probe.httpGet) return await this.#http(target, probe.httpGet, timeout);
      if (probe.tcpSocket) return await this.#tcp(target, probe.tcpSocket, timeout);
      if (probe.grpc) return await this.#grpc(target, probe.grpc, timeout);
      return {
        result: 'error',
        output: `missing probe handler for ${target.pod.metadata.namespace}:${target.pod.metadata.name}`,
      };
    } catch (error) {
      if (error instanceof HandlerError) return { result: 'error', output: error.message };
      if (error instanceof RuntimeError)
        return { result: 'error', output: `rpc error: code = Unknown desc = ${error.message}` };
      throw error;
    }
  }

  async #exec({ containerId }: HandlerTarget, { command = [] }: ExecAction, timeout: number): Promise<ProbeAnswer> {
    const { code, output, timedOut } = await execCommand(this.runtime, this.clock, containerId, command, { timeout });
    if (timedOut) {
      const text = `command timed out: ${JSON.stringify(command.join(' '))} timed out after ${formatTimeout(timeout)}`;
      return failure(text);
    }
    return code === 0 ? { result: 'success', output } : failure(output);
  }

  #http(target: HandlerTarget, action: HTTPGetAction, timeout: number): Promise<ProbeAnswer> {
    const request = getRequest(target, action, USER_AGENT);
    const late = `Get "${formatAddress(request.address)}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`;
    return this.#within(timeout, late, async (signal) => {
      try {
        const { code, body } = await httpGet(this.dial, request, signal);
        if (code >= 200 && code < 300) return { result: 'success', output: body };
        if (code >= 300 && code < 400)
          return { result: 'warning', output: `Probe terminated redirects, Response body: ${body}` };
        return failure(`HTTP probe failed with statuscode: ${code}`);
      } catch (error) {
        if (error instanceof GetError) return failure(error.message);
        throw error;
      }
    });
  }

  #tcp({ podIp, container }: HandlerTarget, action: TCPSocketAction, timeout: number): Promise<ProbeAnswer> {
    const port = resolvePort(action.port, container);
    const host = action.host || podIp;
    return this.#within(timeout, `dial tcp ${host}:${port}: i/o timeout`, async () => {
      try {
        (await this.dial(host, port)).destroy();
        return { result: 'success', output: '' };
      } catch (error) {
        return failure(dialError(error, host, port));
      }
    });
  }

  #grpc({ podIp }: HandlerTarget, { port, service = '' }: GRPCAction, timeout: number): Promise<ProbeAnswer> {
    const address = `${podIp}:${port}`;
    const took = formatTimeout(timeout);
    let connected = false;
    const late = (): string =>
      connected
        ? `timeout: health rpc did not complete within ${took}`
        : `timeout: failed to connect service ${JSON.stringify(address)} within ${took}: context deadline exceeded`;
    return this.#within(timeout, late, async (signal) => {
      const connection = await this.#dialUntil(podIp, port, signal);
      connected = true;
      try {
        const status = await checkHealth(connection, address, service, signal);
        if (status === 'SERVING') return { result: 'success', output: 'service healthy' };
        return failure(`service unhealthy (responded with ${JSON.stringify(status)})`);
      } catch (error) {
        if (error instanceof GrpcError) return failure(grpcFailure(error));
        throw error;
      } finally {
        connection.destroy();
      }
    });
  }

  /** gRPC's dialer goes on until its time is over. */
  async #dialUntil(host: string, port: number, signal: AbortSignal): ReturnType<Dial> {
    for (;;) {
      try {
        return await this.dial(host, port);
      } catch {
        await this.clock.sleep(GRPC_RETRY_MS, signal);
      }
    }
  }

  /** Answers a failure with `late` when the work takes longer. */
  #within(
    timeout: number,
    late: string | (() => string),
    work: (signal: AbortSignal) => Promise<ProbeAnswer>,
  ): Promise<ProbeAnswer> {
    const stop = new AbortController();
    return new Promise((resolve, reject) => {
      const timer = this.clock.setTimer(timeout, () => {
        resolve(failure(typeof late === 'string' ? late : late()));
        stop.abort(new Error('the probe has timed out'));
      });
      work(stop.signal)
        .then(resolve, reject)
        .finally(() => timer.cancel());
    });
  }
}

function failure(output: string): ProbeAnswer {
  return { result: 'failure', output };
}

function grpcFailure(error: GrpcError): string {
  if (error.status === 'Unimplemented')
    return `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${error.text}`;
  return `error: health rpc probe failed: ${error.message}`;
}
