/**
 * The service account tokens of one Pod: asked for when they are first needed, and again before they expire
 * (upstream: pkg/kubelet/token/token_manager.go). Lifetimes are real time, as for everything that guards something.
 */
import { type Pod, type ServiceAccountTokenProjection, StatusError } from '@regatta/api';
import { encodeText } from '../runtime/filesystem/nodes.ts';
import { VolumeError } from './volume-error.ts';

export interface TokenRequest {
  readonly serviceAccount: string;
  readonly namespace: string;
  readonly audience: string | undefined;
  readonly expirationSeconds: number;
  readonly pod: { readonly name: string; readonly uid: string };
}

export interface IssuedToken {
  readonly token: string;
  /** Instant, milliseconds since the epoch. */
  readonly expiresAt: number;
}

export type RequestToken = (request: TokenRequest) => Promise<IssuedToken>;

const DEFAULT_SECONDS = 3600;
/** A token is replaced when a fifth of its life is left, and after a day in any case. */
const LIFE_LEFT = 0.2;
const LONGEST_USE_MS = 24 * 3600 * 1000;

interface HeldToken {
  readonly bytes: Uint8Array;
  readonly replaceAt: number;
}

export class ServiceAccountTokens {
  readonly #held = new Map<string, HeldToken>();

  constructor(
    private readonly request: RequestToken,
    /** Real instants. */
    private readonly now: () => number,
  ) {}

  async get(pod: Pod, projection: ServiceAccountTokenProjection): Promise<Uint8Array> {
    const { audience, expirationSeconds = DEFAULT_SECONDS } = projection;
    const key = `${audience ?? ''}/${expirationSeconds}`;
    const held = this.#held.get(key);
    if (held !== undefined && this.now() < held.replaceAt) return held.bytes;
    const issuedAt = this.now();
    const { token, expiresAt } = await this.#fetch({
      serviceAccount: pod.spec.serviceAccountName ?? 'default',
      namespace: pod.metadata.namespace ?? '',
      audience,
      expirationSeconds,
      pod: { name: pod.metadata.name, uid: pod.metadata.uid ?? '' },
    });
    const life = expiresAt - issuedAt;
    const replaceAt = Math.min(expiresAt - life * LIFE_LEFT, issuedAt + LONGEST_USE_MS);
    const fresh = { bytes: encodeText(token), replaceAt };
    this.#held.set(key, fresh);
    return fresh.bytes;
  }

  /** @throws VolumeError when the API refuses */
  async #fetch(request: TokenRequest): Promise<IssuedToken> {
    try {
      return await this.request(request);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      throw new VolumeError(`failed to fetch token: ${error.message}`, { cause: error });
    }
  }
}
