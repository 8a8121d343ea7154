/**
 * Warnings about files of one volume that lie over each other (upstream: warningsForOverlappingVirtualPaths of
 * pkg/api/pod/warnings.go).
 */
import type { Volume, VolumeProjection } from '@regatta/api';

/** A file, and in projected volumes where it comes from. */
interface File {
  readonly path: string;
  readonly source?: string;
}

type Items = readonly { readonly path: string }[] | undefined;

export function pathWarnings({ name, configMap, secret, downwardAPI, projected }: Volume): string[] {
  const told = (what: string, files: readonly File[]): string[] =>
    overlaps(files).map((pair) => `volume ${JSON.stringify(name)} (${what}): overlapping paths: ${pair}`);
  const warnings = [
    ...(configMap ? told(`ConfigMap ${JSON.stringify(configMap.name ?? '')}`, filesOf(configMap.items)) : []),
    ...(secret ? told(`Secret ${JSON.stringify(secret.secretName ?? '')}`, filesOf(secret.items)) : []),
    ...(downwardAPI ? told('DownwardAPI', filesOf(downwardAPI.items)) : []),
  ];
  if (!projected) return warnings;
  const sources = projected.sources ?? [];
  for (const source of sources) {
    if (Object.keys(source).length === 0) {
      warnings.push(`volume ${JSON.stringify(name)} (Projected) has no sources provided`);
    }
  }
  return [...warnings, ...told('Projected', sources.flatMap(projectedFiles))];
}

function filesOf(items: Items, source?: string): File[] {
  return (items ?? []).map(({ path }) => ({ path, ...(source ? { source } : {}) }));
}

function projectedFiles({ configMap, secret, downwardAPI, serviceAccountToken }: VolumeProjection): File[] {
  if (configMap?.items) return filesOf(configMap.items, `ConfigMap ${JSON.stringify(configMap.name ?? '')}`);
  if (secret?.items) return filesOf(secret.items, `Secret ${JSON.stringify(secret.name ?? '')}`);
  if (downwardAPI?.items) return filesOf(downwardAPI.items, 'DownwardAPI');
  return serviceAccountToken ? filesOf([serviceAccountToken], 'ServiceAccountToken') : [];
}

function overlaps(files: readonly File[]): string[] {
  const pairs: string[] = [];
  const seen: File[] = [];
  for (const { path, ...rest } of files) {
    const file = { path: path.replace(/\/+$/, ''), ...rest };
    for (const other of seen) if (isWithin(file.path, other.path)) pairs.push(`${shown(file)} with ${shown(other)}`);
    if (file.path !== '') seen.push(file);
  }
  return pairs;
}

function isWithin(a: string, b: string): boolean {
  return a !== '' && (`${a}/`.startsWith(`${b}/`) || `${b}/`.startsWith(`${a}/`));
}

function shown({ path, source }: File): string {
  return source === undefined ? JSON.stringify(path) : `${JSON.stringify(path)} (${source})`;
}
