/**
 * Files of volumes that come from API objects: ConfigMaps, Secrets, the Pod itself, tokens
 * (upstream: pkg/volume/{configmap,secret,downwardapi,projected}).
 */
import type { ConfigMap, DownwardAPIVolumeFile, KeyToPath, Pod, Secret, VolumeProjection } from '@regatta/api';
import { isNotFound } from '@regatta/api';
import type { ObjectGetter } from '../api/ports.ts';
import { type DownwardContext, podField, resourceField } from '../containers/downward.ts';
import { encodeText } from '../runtime/filesystem/nodes.ts';

export interface VolumeFile {
  readonly path: string;
  readonly content: Uint8Array;
  readonly mode: number;
}

export interface TokenRequest {
  readonly serviceAccount: string;
  readonly namespace: string;
  readonly audience: string | undefined;
  readonly expirationSeconds: number;
  readonly pod: { readonly name: string; readonly uid: string };
}

export interface VolumeSources {
  readonly configMaps: ObjectGetter<ConfigMap>;
  readonly secrets: ObjectGetter<Secret>;
  requestToken(request: TokenRequest): Promise<string>;
}

export class VolumeError extends Error {
  readonly code = 'volume';

  constructor(message: string) {
    super(message);
    this.name = 'VolumeError';
  }
}

const DEFAULT_MODE = 0o644;
const TOKEN_MODE = 0o644;
const DEFAULT_TOKEN_SECONDS = 3600;

interface Selection {
  readonly name: string;
  readonly optional?: boolean;
  readonly items?: readonly KeyToPath[];
}

export async function configMapFiles(
  pod: Pod,
  from: Selection,
  mode: number | undefined,
  sources: VolumeSources,
): Promise<VolumeFile[]> {
  const map = await found(
    () => sources.configMaps.get(from.name, pod.metadata.namespace),
    `configmap "${from.name}" not found`,
    from,
  );
  const data = new Map<string, Uint8Array>();
  for (const [key, text] of Object.entries(map?.data ?? {})) data.set(key, encodeText(text));
  for (const [key, base64] of Object.entries(map?.binaryData ?? {})) data.set(key, Buffer.from(base64, 'base64'));
  return select(data, from, mode, 'configmap');
}

export async function secretFiles(
  pod: Pod,
  from: Selection,
  mode: number | undefined,
  sources: VolumeSources,
): Promise<VolumeFile[]> {
  const secret = await found(
    () => sources.secrets.get(from.name, pod.metadata.namespace),
    `secret "${from.name}" not found`,
    from,
  );
  const data = new Map<string, Uint8Array>();
  for (const [key, base64] of Object.entries(secret?.data ?? {})) data.set(key, Buffer.from(base64, 'base64'));
  return select(data, from, mode, 'secret');
}

export function downwardFiles(
  pod: Pod,
  items: readonly DownwardAPIVolumeFile[],
  mode: number | undefined,
  context: DownwardContext,
): VolumeFile[] {
  const [first] = pod.spec.containers;
  return items.map((item) => {
    const text = item.fieldRef
      ? podField(pod, item.fieldRef.fieldPath, context)
      : item.resourceFieldRef && first
        ? resourceField(pod, first, item.resourceFieldRef, context)
        : '';
    return { path: item.path, content: encodeText(text), mode: item.mode ?? mode ?? DEFAULT_MODE };
  });
}

/** Everything of a projected volume but its tokens, which are fetched on demand. */
export async function projectedFiles(
  pod: Pod,
  projections: readonly VolumeProjection[],
  mode: number | undefined,
  context: DownwardContext,
  sources: VolumeSources,
): Promise<VolumeFile[]> {
  const files: VolumeFile[] = [];
  for (const { configMap, secret, downwardAPI, serviceAccountToken } of projections) {
    if (configMap)
      files.push(...(await configMapFiles(pod, { ...configMap, name: configMap.name ?? '' }, mode, sources)));
    if (secret) files.push(...(await secretFiles(pod, { ...secret, name: secret.name ?? '' }, mode, sources)));
    if (downwardAPI) files.push(...downwardFiles(pod, downwardAPI.items ?? [], mode, context));
    if (serviceAccountToken)
      files.push({ path: serviceAccountToken.path, content: new Uint8Array(0), mode: mode ?? TOKEN_MODE });
  }
  return files;
}

/** The tokens of a projected volume. */
export async function tokenFiles(
  pod: Pod,
  projections: readonly VolumeProjection[],
  mode: number | undefined,
  sources: VolumeSources,
): Promise<VolumeFile[]> {
  const files: VolumeFile[] = [];
  for (const { serviceAccountToken: token } of projections) {
    if (token === undefined) continue;
    const text = await sources.requestToken({
      serviceAccount: pod.spec.serviceAccountName ?? 'default',
      namespace: pod.metadata.namespace ?? '',
      audience: token.audience,
      expirationSeconds: token.expirationSeconds ?? DEFAULT_TOKEN_SECONDS,
      pod: { name: pod.metadata.name, uid: pod.metadata.uid ?? '' },
    });
    files.push({ path: token.path, content: encodeText(text), mode: mode ?? TOKEN_MODE });
  }
  return files;
}

async function found<T>(read: () => Promise<T>, message: string, { optional }: Selection): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!isNotFound(error)) throw error;
    if (optional) return undefined;
    throw new VolumeError(message);
  }
}

function select(
  data: ReadonlyMap<string, Uint8Array>,
  from: Selection,
  mode: number | undefined,
  kind: string,
): VolumeFile[] {
  if (!from.items || from.items.length === 0) {
    return [...data].map(([path, content]) => ({ path, content, mode: mode ?? DEFAULT_MODE }));
  }
  return from.items.flatMap((item) => {
    const content = data.get(item.key);
    if (content !== undefined) return [{ path: item.path, content, mode: item.mode ?? mode ?? DEFAULT_MODE }];
    if (from.optional) return [];
    throw new VolumeError(
      `${kind === 'secret' ? 'references non-existent secret key' : 'configmap references non-existent config key'}: ${item.key}`,
    );
  });
}
