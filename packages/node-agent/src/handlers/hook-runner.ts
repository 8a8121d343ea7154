/**
 * Runs lifecycle hooks: a command, a request, a sleep (upstream: pkg/kubelet/lifecycle/handlers.go). Any answer to a
 * request will do; tcpSocket, which the API still takes, fails.
 */
import type { Container, ExecAction, HTTPGetAction, LifecycleHandler, SleepAction } from '@regatta/api';
import type { ClusterClock } from '@regatta/runtime';
import type { EventSink } from '../api/ports.ts';
import { formatPod, podReference } from '../pods/pod-names.ts';
import { type ContainerRuntime, RuntimeError } from '../runtime/container-runtime.ts';
import { execCommand } from './exec-command.ts';
import { HandlerError, type HandlerTarget } from './handler-target.ts';
import { type Dial, GetError, getRequest, httpGet } from './http-get.ts';

/** A hook that failed; the message is what the container's status shows. */
export class HookError extends Error {
  readonly code = 'hook';
}

const USER_AGENT = 'kube-lifecycle/1.36';

export class HookRunner {
  constructor(
    private readonly runtime: ContainerRuntime,
    private readonly dial: Dial,
    private readonly clock: ClusterClock,
    private readonly events: EventSink,
  ) {}

  /** @throws HookError; whatever the signal's reason is once it aborts */
  async run(target: HandlerTarget, hook: LifecycleHandler, signal: AbortSignal): Promise<void> {
    const what = whatIs(hook);
    try {
      if (hook.exec) await this.#exec(target, hook.exec, signal);
      else if (hook.httpGet) await this.#http(target, hook.httpGet, signal);
      else if (hook.sleep) await this.#sleep(hook.sleep, signal);
      else throw new HookError(`Cannot run handler: invalid handler: ${JSON.stringify(hook)}`);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof HookError) throw error;
      if (!(error instanceof HandlerError || error instanceof GetError || error instanceof RuntimeError)) throw error;
      throw new HookError(failed(what, target, error.message), { cause: error });
    }
  }

  async #exec(target: HandlerTarget, { command = [] }: ExecAction, signal: AbortSignal): Promise<void> {
    const result = await execCommand(this.runtime, this.clock, target.containerId, command, { signal });
    signal.throwIfAborted();
    if (result.code === 0) return;
    const error = `command '${command.join(' ')}' exited with ${result.code}: ${result.errors}`;
    const message = `message: ${JSON.stringify(result.output)}`;
    throw new HookError(`${failed(`Exec lifecycle hook (${goList(command)})`, target, error)}, ${message}`);
  }

  async #http(target: HandlerTarget, action: HTTPGetAction, signal: AbortSignal): Promise<void> {
    const request = getRequest(target, action, USER_AGENT);
    try {
      await httpGet(this.dial, request, signal);
    } catch (error) {
      if (!(error instanceof GetError) || !error.isPlainServer) throw error;
      const text = `request to HTTPS lifecycle hook got HTTP response, retrying with HTTP: ${error.message}`;
      this.events.event(podReference(target.pod), 'Warning', 'LifecycleHTTPFallback', text);
      const headers = Object.entries(request.headers).filter(([name]) => name.toLowerCase() !== 'authorization');
      const address = { ...request.address, scheme: 'http' };
      await httpGet(this.dial, { address, headers: Object.fromEntries(headers) }, signal);
    }
  }

  #sleep({ seconds }: SleepAction, signal: AbortSignal): Promise<void> {
    return this.clock.sleep(seconds * 1000, signal);
  }
}

function whatIs({ exec, httpGet: get, sleep }: LifecycleHandler): string {
  if (exec) return `Exec lifecycle hook (${goList(exec.command ?? [])})`;
  if (get) return `HTTP lifecycle hook (${get.path ?? ''})`;
  return `Sleep lifecycle hook (${sleep?.seconds ?? 0})`;
}

function failed(what: string, { pod, container }: { pod: HandlerTarget['pod']; container: Container }, error: string) {
  const of = `for Container ${JSON.stringify(container.name)} in Pod ${JSON.stringify(formatPod(pod))}`;
  return `${what} ${of} failed - error: ${error}`;
}

function goList(words: readonly string[]): string {
  return `[${words.join(' ')}]`;
}
