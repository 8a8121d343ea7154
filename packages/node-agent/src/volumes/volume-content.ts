/**
 * Files of volumes that come from API objects: ConfigMaps, Secrets, the Pod itself, tokens
 * (upstream: pkg/volume/{configmap,secret,downwardapi,projected}).
 */
import type {
  ConfigMap,
  DownwardAPIVolumeFile,
  KeyToPath,
  Pod,
  Secret,
  ServiceAccountTokenProjection,
  Volume,
  VolumeProjection,
} from '@regatta/api';
import { isNotFound } from '@regatta/api';
import type { ObjectGetter } from '../api/ports.ts';
import { type DownwardContext, podField, resourceField } from '../containers/downward.ts';
import { encodeText } from '../runtime/filesystem/nodes.ts';
import type { VolumeFile } from './atomic-volume.ts';
import type { RequestToken } from './service-account-tokens.ts';
import { VolumeError } from './volume-error.ts';
import { fsGroupOf, fsUserOf } from './volume-ownership.ts';

export interface VolumeSources {
  readonly configMaps: ObjectGetter<ConfigMap>;
  readonly secrets: ObjectGetter<Secret>;
  readonly requestToken: RequestToken;
}

const DEFAULT_MODE = 0o644;
/** A token is its owner's alone where the Pod says who that is. */
const PRIVATE_TOKEN_MODE = 0o600;

/** What content is made from. */
export interface ContentRequest {
  readonly pod: Pod;
  readonly context: DownwardContext;
  readonly sources: VolumeSources;
  token(projection: ServiceAccountTokenProjection): Promise<Uint8Array>;
}

interface Selection {
  readonly name: string;
  readonly optional?: boolean;
  readonly items?: readonly KeyToPath[];
}

/** The files of a volume that follows API objects; undefined for other volumes. @throws VolumeError */
export async function volumeFiles(request: ContentRequest, volume: Volume): Promise<VolumeFile[] | undefined> {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap)
    return configMapFiles(request, { ...configMap, name: configMap.name ?? '' }, configMap.defaultMode ?? DEFAULT_MODE);
  if (secret)
    return secretFiles(request, { ...secret, name: secret.secretName ?? '' }, secret.defaultMode ?? DEFAULT_MODE);
  if (downwardAPI) return downwardFiles(request, downwardAPI.items ?? [], downwardAPI.defaultMode ?? DEFAULT_MODE);
  if (projected) return projectedFiles(request, projected.sources ?? [], projected.defaultMode ?? DEFAULT_MODE);
  return undefined;
}

/** Whether everything that a projected volume refers to is there, without asking for tokens. @throws VolumeError */
export async function checkProjected(request: ContentRequest, volume: Volume): Promise<void> {
  const sources = (volume.projected?.sources ?? []).filter(({ serviceAccountToken }) => !serviceAccountToken);
  await projectedFiles(request, sources, DEFAULT_MODE);
}

async function configMapFiles(request: ContentRequest, from: Selection, mode: number): Promise<VolumeFile[]> {
  const map = await found(
    () => request.sources.configMaps.get(from.name, request.pod.metadata.namespace),
    `configmap "${from.name}" not found`,
    from,
  );
  const data = new Map<string, Uint8Array>();
  for (const [key, text] of Object.entries(map?.data ?? {})) data.set(key, encodeText(text));
  for (const [key, base64] of Object.entries(map?.binaryData ?? {})) data.set(key, Buffer.from(base64, 'base64'));
  return select(data, from, mode, 'configmap references non-existent config key');
}

async function secretFiles(request: ContentRequest, from: Selection, mode: number): Promise<VolumeFile[]> {
  const secret = await found(
    () => request.sources.secrets.get(from.name, request.pod.metadata.namespace),
    `secret "${from.name}" not found`,
    from,
  );
  const data = new Map<string, Uint8Array>();
  for (const [key, base64] of Object.entries(secret?.data ?? {})) data.set(key, Buffer.from(base64, 'base64'));
  return select(data, from, mode, 'references non-existent secret key');
}

function downwardFiles(
  { pod, context }: ContentRequest,
  items: readonly DownwardAPIVolumeFile[],
  mode: number,
): VolumeFile[] {
  return items.map((item) => {
    const { fieldRef, resourceFieldRef } = item;
    const [first] = pod.spec.containers;
    const text = fieldRef
      ? podField(pod, fieldRef.fieldPath, context)
      : resourceFieldRef && first
        ? resourceField(pod, first, resourceFieldRef, context)
        : '';
    return { path: item.path, content: encodeText(text), mode: item.mode ?? mode };
  });
}

async function projectedFiles(
  request: ContentRequest,
  projections: readonly VolumeProjection[],
  mode: number,
): Promise<VolumeFile[]> {
  const files: VolumeFile[] = [];
  for (const { configMap, secret, downwardAPI, serviceAccountToken } of projections) {
    if (configMap) files.push(...(await configMapFiles(request, { ...configMap, name: configMap.name ?? '' }, mode)));
    if (secret) files.push(...(await secretFiles(request, { ...secret, name: secret.name ?? '' }, mode)));
    if (downwardAPI) files.push(...downwardFiles(request, downwardAPI.items ?? [], mode));
    if (serviceAccountToken) files.push(await tokenFile(request, serviceAccountToken, mode));
  }
  return files;
}

async function tokenFile(
  request: ContentRequest,
  projection: ServiceAccountTokenProjection,
  mode: number,
): Promise<VolumeFile> {
  const uid = fsUserOf(request.pod);
  const isPrivate = uid !== undefined || fsGroupOf(request.pod) !== undefined;
  const content = await request.token(projection);
  return {
    path: projection.path,
    content,
    mode: isPrivate ? PRIVATE_TOKEN_MODE : mode,
    ...(uid === undefined ? {} : { uid }),
  };
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

function select(data: ReadonlyMap<string, Uint8Array>, from: Selection, mode: number, missing: string): VolumeFile[] {
  if (!from.items || from.items.length === 0) return [...data].map(([path, content]) => ({ path, content, mode }));
  return from.items.flatMap((item) => {
    const content = data.get(item.key);
    if (content !== undefined) return [{ path: item.path, content, mode: item.mode ?? mode }];
    if (from.optional) return [];
    throw new VolumeError(`${missing}: ${item.key}`);
  });
}
