/**
 * The images on one node: what was pulled stays, also over a reboot.
 *
 * Invariants: one pull at a time, in the order of asking (the kubelet's serializeImagePulls); a pull takes cluster time
 * by the image's size. Error texts are containerd's.
 */
import { createHash } from 'node:crypto';
import type { ClusterClock } from '@regatta/runtime';
import type { ImageCatalogue } from '../images/catalogue.ts';
import type { ImageProfile } from '../images/image-profile.ts';
import { formatImageReference, type ImageReference, parseImageReference } from '../images/image-reference.ts';
import type { RegistryLogin } from '../images/registry-login.ts';
import type { NodeDisk } from '../storage/node-disk.ts';
import { type ImageRecord, type ImageService, RuntimeError } from './container-runtime.ts';

/** Cluster milliseconds that asking a registry takes, and bytes that arrive per cluster millisecond. */
const RESOLVE_MS = 350;
const BYTES_PER_MS = 40_000;

export class ImageStore implements ImageService {
  readonly #present = new Map<string, ImageRecord>();
  #queue: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly catalogue: ImageCatalogue,
    private readonly clock: ClusterClock,
    private readonly disk: NodeDisk,
  ) {
    const known = disk.read('images');
    for (const name of Array.isArray(known) ? known : []) this.#remember(String(name));
  }

  find(image: string): ImageRecord | undefined {
    const reference = parseImageReference(image);
    return reference && this.#present.get(formatImageReference(reference));
  }

  list(): readonly ImageRecord[] {
    return [...this.#present.values()];
  }

  /** The profile of an image that is present. */
  profile(record: ImageRecord): ImageProfile {
    const reference = parseImageReference(record.reference);
    const lookup = reference && this.catalogue.lookUp(reference);
    if (lookup === undefined || !('found' in lookup)) {
      throw new RuntimeError('not-found', `image "${record.reference}": not found`);
    }
    return lookup.found;
  }

  pull(image: string, signal: AbortSignal, logins: readonly RegistryLogin[] = []): Promise<ImageRecord> {
    const turn = this.#queue.then(() => this.#pull(image, signal, logins));
    this.#queue = turn.catch(() => {});
    return turn;
  }

  async #pull(image: string, signal: AbortSignal, logins: readonly RegistryLogin[]): Promise<ImageRecord> {
    const reference = parseImageReference(image);
    if (reference === undefined) throw new RuntimeError('image', `couldn't parse image reference "${image}"`);
    signal.throwIfAborted();
    const lookup = this.catalogue.lookUp(reference);
    const present = this.find(image);
    await this.clock.sleep(RESOLVE_MS, signal);
    if ('missing' in lookup) throw missingImage(reference, lookup.missing);
    // A registry tells nobody that an image exists which he may not have.
    if (!mayPull(lookup.found, reference, logins)) throw missingImage(reference, 'repository');
    if (present !== undefined) return present;
    await this.clock.sleep(lookup.found.sizeBytes(reference.tag) / BYTES_PER_MS, signal);
    const record = this.#remember(formatImageReference(reference));
    if (record === undefined) throw missingImage(reference, 'tag');
    this.disk.write('images', [...this.#present.keys()]);
    return record;
  }

  #remember(name: string): ImageRecord | undefined {
    const reference = parseImageReference(name);
    const lookup = reference && this.catalogue.lookUp(reference);
    if (reference === undefined || lookup === undefined || !('found' in lookup)) return undefined;
    const digest = reference.digest ?? `sha256:${createHash('sha256').update(name).digest('hex')}`;
    const record: ImageRecord = {
      reference: name,
      digestReference: `${reference.registry}/${reference.repository}@${digest}`,
      sizeBytes: lookup.found.sizeBytes(reference.tag),
    };
    this.#present.set(name, record);
    return record;
  }
}

function mayPull({ login }: ImageProfile, { registry }: ImageReference, logins: readonly RegistryLogin[]): boolean {
  if (login === undefined) return true;
  const { username, password } = login;
  return logins.some((one) => one.registry === registry && one.username === username && one.password === password);
}

function missingImage(reference: ImageReference, what: 'repository' | 'tag' | 'registry'): RuntimeError {
  const name = formatImageReference(reference);
  const prefix = `failed to pull and unpack image "${name}": failed to resolve reference "${name}"`;
  if (what === 'tag') {
    return new RuntimeError('image', `rpc error: code = NotFound desc = ${prefix}: ${name}: not found`);
  }
  if (what === 'registry') {
    const url = `https://${reference.registry}/v2/${reference.repository}/manifests/${reference.tag}`;
    const why = `failed to do request: Head "${url}": dial tcp: lookup ${reference.registry}: no such host`;
    return new RuntimeError('image', `rpc error: code = Unknown desc = ${prefix}: ${why}`);
  }
  const why =
    'pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed';
  return new RuntimeError('image', `rpc error: code = Unknown desc = ${prefix}: ${why}`);
}
