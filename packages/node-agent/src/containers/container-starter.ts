/**
 * Starts one container: image, configuration, creation, start, postStart hook
 * (upstream: pkg/kubelet/kuberuntime/kuberuntime_container.go, startContainer).
 */
import type { Container, Pod } from '@regatta/api';
import type { EventSink } from '../api/ports.ts';
import { HookError, type HookRunner } from '../handlers/hook-runner.ts';
import { containerHash } from '../pods/pod-actions.ts';
import { containerReference, DEFAULT_GRACE_SECONDS } from '../pods/pod-names.ts';
import {
  type ContainerConfig,
  type ContainerRecord,
  type ContainerRuntime,
  RuntimeError,
  type SandboxRecord,
} from '../runtime/container-runtime.ts';
import type { PodVolumes } from '../volumes/pod-volumes.ts';
import { containerResources } from './container-resources.ts';
import { containerSecurity } from './container-security.ts';
import type { ContainerStopper } from './container-stopper.ts';
import type { DownwardContext } from './downward.ts';
import { type EnvironmentSources, makeEnvironment } from './environment.ts';
import { expand } from './expansion.ts';
import type { ImagePuller } from './image-puller.ts';
import { oomScoreAdjust } from './oom-score.ts';
import { StartError } from './start-error.ts';

export interface ContainerStarterOptions {
  readonly runtime: ContainerRuntime;
  readonly puller: ImagePuller;
  readonly hooks: HookRunner;
  readonly stopper: ContainerStopper;
  readonly events: EventSink;
  readonly sources: EnvironmentSources;
  /** The machine's memory. */
  readonly memoryBytes: number;
}

export interface StartRequest {
  readonly pod: Pod;
  readonly container: Container;
  readonly sandbox: SandboxRecord;
  readonly attempt: number;
  readonly volumes: PodVolumes;
  readonly context: DownwardContext;
  readonly signal: AbortSignal;
  /** The container that an ephemeral one looks at. */
  readonly targetContainerId?: string;
}

export class ContainerStarter {
  constructor(private readonly options: ContainerStarterOptions) {}

  /** @throws StartError with the reason that the container's status shows */
  async start(request: StartRequest): Promise<void> {
    const { pod, container, signal } = request;
    try {
      await this.options.puller.ensure(pod, container, signal);
      await this.#pullImageVolumes(request);
    } catch (error) {
      if (error instanceof StartError) this.#event(request, 'Warning', 'Failed', `Error: ${error.reason}`);
      throw error;
    }
    signal.throwIfAborted();
    const record = await this.#create(request);
    this.#event(request, 'Normal', 'Created', 'Container created');
    try {
      await this.options.runtime.startContainer(record.id);
    } catch (error) {
      throw this.#failed(request, 'RunContainerError', error);
    }
    this.#event(request, 'Normal', 'Started', 'Container started');
    await this.#postStart(request, record);
  }

  /** Images that the container mounts as volumes. */
  async #pullImageVolumes({ pod, container, signal }: StartRequest): Promise<void> {
    for (const { name, image: source } of pod.spec.volumes ?? []) {
      if (source === undefined || !container.volumeMounts?.some((mount) => mount.name === name)) continue;
      const { reference: image = '', pullPolicy } = source;
      const wanted = {
        name: container.name,
        image,
        ...(pullPolicy === undefined ? {} : { imagePullPolicy: pullPolicy }),
      };
      await this.options.puller.ensure(pod, wanted, signal);
    }
  }

  async #create(request: StartRequest): Promise<ContainerRecord> {
    let config: ContainerConfig;
    try {
      config = await this.#config(request);
    } catch (error) {
      throw this.#failed(request, 'CreateContainerConfigError', error);
    }
    try {
      return await this.options.runtime.createContainer(config);
    } catch (error) {
      throw this.#failed(request, 'CreateContainerError', error);
    }
  }

  async #config(request: StartRequest): Promise<ContainerConfig> {
    const { pod, container, sandbox, attempt, volumes, context, targetContainerId } = request;
    checkUser(pod, container);
    const env = await makeEnvironment(pod, container, context, this.options.sources, (volume, path) =>
      volumes.readText(volume, path),
    );
    const values = new Map(env.map(({ name, value }) => [name, value]));
    const expanded = (words: readonly string[] = []): string[] =>
      words.map((word) => expand(word, (name) => values.get(name)));
    const mounts = await volumes.mountsFor(container, values);
    return {
      podUid: sandbox.podUid,
      sandboxId: sandbox.id,
      name: container.name,
      attempt,
      image: container.image ?? '',
      command: expanded(container.command),
      args: expanded(container.args),
      env,
      workingDir: container.workingDir ?? '',
      get mounts() {
        return mounts();
      },
      stdin: container.stdin === true,
      stdinOnce: container.stdinOnce === true,
      tty: container.tty === true,
      terminationMessagePath: container.terminationMessagePath ?? '/dev/termination-log',
      specHash: containerHash(container),
      resources: containerResources(container.resources),
      security: containerSecurity(pod, container),
      layer: () => volumes.storage.layer(container),
      oomScoreAdjust: oomScoreAdjust(pod, container, this.options.memoryBytes),
      ...(targetContainerId === undefined ? {} : { targetContainerId }),
      prepare: () => volumes.prepare(),
      ...(container.lifecycle?.stopSignal === undefined ? {} : { stopSignal: container.lifecycle.stopSignal }),
    };
  }

  async #postStart(request: StartRequest, record: ContainerRecord): Promise<void> {
    const { pod, container, sandbox } = request;
    const hook = container.lifecycle?.postStart;
    if (hook === undefined) return;
    const target = { pod, container, containerId: record.id, podIp: sandbox.ip };
    try {
      await this.options.hooks.run(target, hook, request.signal);
    } catch (error) {
      if (!(error instanceof HookError)) throw error;
      this.#event(request, 'Warning', 'FailedPostStartHook', 'PostStartHook failed');
      const grace = (pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS) * 1000;
      await this.options.stopper.stop({ ...target, record, grace, message: 'FailedPostStartHook' });
      throw new StartError('PostStartHookError', error.message);
    }
  }

  #failed(request: StartRequest, reason: string, error: unknown): unknown {
    if (error instanceof StartError || error instanceof RuntimeError) {
      this.#event(request, 'Warning', 'Failed', `Error: ${error.message}`);
      return error instanceof StartError ? error : new StartError(reason, error.message);
    }
    return error;
  }

  #event({ pod, container }: StartRequest, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.options.events.event(containerReference(pod, container.name), type, reason, message);
  }
}

/** Images of the catalogue run as root (upstream: security_context_others.go, verifyRunAsNonRoot). */
function checkUser(pod: Pod, container: Container): void {
  const runAsNonRoot = container.securityContext?.runAsNonRoot ?? pod.spec.securityContext?.runAsNonRoot;
  const user = container.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser;
  if (!runAsNonRoot || (user !== undefined && user !== 0)) return;
  const where = `(pod: "${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})", container: ${container.name})`;
  const why =
    user === 0
      ? "container's runAsUser breaks non-root policy"
      : 'container has runAsNonRoot and image will run as root';
  throw new StartError('CreateContainerConfigError', `${why} ${where}`);
}
