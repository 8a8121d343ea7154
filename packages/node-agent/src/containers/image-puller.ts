/**
 * Sees that an image is on the node before its container is made, by the pull policy, with upstream's events and back-off
 * (upstream: pkg/kubelet/images/image_manager.go).
 */
import type { Container, Pod, Secret } from '@regatta/api';
import type { ClusterClock } from '@regatta/runtime';
import type { EventSink, ObjectGetter } from '../api/ports.ts';
import { parseImageReference } from '../images/image-reference.ts';
import { CrashBackoff } from '../pods/crash-backoff.ts';
import { containerReference, uidOf } from '../pods/pod-names.ts';
import { type ImageService, RuntimeError } from '../runtime/container-runtime.ts';
import { pullLogins } from './pull-secrets.ts';
import { StartError } from './start-error.ts';

/** Cluster milliseconds after a failed pull until the container shows that it waits for the next one. */
const LOOK_AGAIN_MS = 3_000;

export interface ImagePullerOptions {
  readonly images: ImageService;
  readonly secrets: ObjectGetter<Secret>;
  readonly clock: ClusterClock;
  readonly events: EventSink;
}

export class ImagePuller {
  readonly #backoff: CrashBackoff;
  /** When a pull of this Pod's image last failed, and why. */
  readonly #failures = new Map<string, { readonly at: number; readonly message: string }>();

  constructor(private readonly options: ImagePullerOptions) {
    this.#backoff = new CrashBackoff(options.clock);
  }

  /** @throws StartError ErrImagePull, ImagePullBackOff, ErrImageNeverPull, InvalidImageName */
  async ensure(pod: Pod, container: Container, signal: AbortSignal): Promise<void> {
    const image = container.image ?? '';
    if (parseImageReference(image) === undefined) throw this.#invalidName(pod, container, image);
    const present = this.options.images.find(image) !== undefined;
    const policy = container.imagePullPolicy ?? 'IfNotPresent';
    if (present && policy !== 'Always') {
      const message = `Container image "${image}" already present on machine and can be accessed by the pod`;
      return this.#event(pod, container, 'Normal', 'Pulled', message);
    }
    if (policy === 'Never') {
      const message = `Container image "${image}" is not present with pull policy of Never`;
      this.#event(pod, container, 'Warning', 'ErrImageNeverPull', message);
      throw new StartError('ErrImageNeverPull', message);
    }
    await this.#pull(pod, container, image, signal);
  }

  forget(pod: Pod): void {
    for (const key of this.#failures.keys()) {
      if (!key.startsWith(uidOf(pod))) continue;
      this.#failures.delete(key);
      this.#backoff.forget(key);
    }
  }

  async #pull(pod: Pod, container: Container, image: string, signal: AbortSignal): Promise<void> {
    const key = `${uidOf(pod)}_${image}`;
    const failure = this.#failures.get(key);
    const wait = failure === undefined ? 0 : this.#backoff.remaining(key, failure.at);
    if (failure && wait > 0) {
      const message = `Back-off pulling image "${image}"`;
      this.#event(pod, container, 'Normal', 'BackOff', message);
      throw new StartError('ImagePullBackOff', `${message}: ErrImagePull: ${failure.message}`, wait);
    }
    const logins = await pullLogins(pod, this.options.secrets, this.options.events);
    this.#event(pod, container, 'Normal', 'Pulling', `Pulling image "${image}"`);
    const { clock } = this.options;
    const startedAt = clock.now();
    try {
      const record = await this.options.images.pull(image, signal, logins);
      const took = formatDuration(clock.elapsed(startedAt));
      const message = `Successfully pulled image "${image}" in ${took} (${took} including waiting). Image size: ${record.sizeBytes} bytes.`;
      this.#event(pod, container, 'Normal', 'Pulled', message);
      this.#failures.delete(key);
      this.#backoff.forget(key);
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      this.#event(pod, container, 'Warning', 'Failed', `Failed to pull image "${image}": ${error.message}`);
      this.#backoff.next(key, clock.now());
      this.#failures.set(key, { at: clock.now(), message: error.message });
      throw new StartError('ErrImagePull', error.message, LOOK_AGAIN_MS);
    }
  }

  #invalidName(pod: Pod, container: Container, image: string): StartError {
    const why = `couldn't parse image name "${image}": invalid reference format`;
    const message = `Failed to apply default image tag "${image}": ${why}`;
    this.#event(pod, container, 'Warning', 'InspectFailed', message);
    return new StartError('InvalidImageName', message);
  }

  #event(pod: Pod, container: Container, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.options.events.event(containerReference(pod, container.name), type, reason, message);
  }
}

/** Go's way to write a duration, cut to milliseconds: 850ms, 1.2s, 1m3.5s. */
export function formatDuration(ms: number): string {
  const whole = Math.trunc(ms);
  if (whole < 1000) return `${whole}ms`;
  const minutes = Math.floor(whole / 60_000);
  const seconds = `${Number(((whole % 60_000) / 1000).toFixed(3))}s`;
  return minutes === 0 ? seconds : `${minutes}m${seconds}`;
}
