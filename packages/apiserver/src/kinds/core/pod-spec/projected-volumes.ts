/**
 * Projected volumes (upstream: validateProjectedVolumeSource of pkg/apis/core/validation/validation.go).
 */
import type { KeyToPath, ProjectedVolumeSource, ServiceAccountTokenProjection, VolumeProjection } from '@regatta/api';
import type { ErrorList } from '../../validation/error-list.ts';
import { eachItem, type Maybe } from '../../validation/lists.ts';
import type { Path } from '../../validation/path.ts';
import { checkDownwardFile } from './downward-files.ts';
import { checkKeyToPath } from './file-volumes.ts';
import { checkFileMode, checkLocalPath } from './paths.ts';

const MIN_TOKEN_SECONDS = 600;
const MAX_TOKEN_SECONDS = 2 ** 32;
const CONFLICT = 'conflicting duplicate paths';

/** Which paths the volume's sources have claimed so far. */
class ClaimedPaths {
  readonly #paths = new Set<string>();

  constructor(
    private readonly errors: ErrorList,
    private readonly volume: Path,
  ) {}

  /** @param subject whom upstream names when the path is taken */
  claim(path: string, subject: string): void {
    if (this.#paths.has(path)) this.errors.invalid(this.volume, subject, CONFLICT);
    this.#paths.add(path);
  }
}

export function checkProjected(errors: ErrorList, path: Path, projected: ProjectedVolumeSource): void {
  checkFileMode(errors, path.child('defaultMode'), projected.defaultMode);
  const claimed = new ClaimedPaths(errors, path);
  eachItem(projected.sources, path.child('sources'), (source, at) => checkSource(errors, path, at, source, claimed));
}

function checkSource(errors: ErrorList, volume: Path, at: Path, source: VolumeProjection, claimed: ClaimedPaths): void {
  let count = 0;
  for (const name of ['secret', 'configMap'] as const) {
    const projection = source[name];
    if (!projection) continue;
    count++;
    if (!projection.name) errors.required(at.child(name).child('name'));
    checkItems(errors, at.child(name).child('items'), projection.items, projection.name ?? '', claimed);
  }
  if (source.downwardAPI) {
    count++;
    for (const file of source.downwardAPI.items ?? []) {
      checkDownwardFile(errors, at.child('downwardAPI'), file);
      if (file.path) claimed.claim(file.path, file.path);
    }
  }
  if (source.serviceAccountToken) {
    count++;
    checkToken(errors, volume, at.child('serviceAccountToken'), source.serviceAccountToken);
  }
  if (count > 1) errors.forbidden(at, 'may not specify more than 1 volume type per source');
}

function checkItems(
  errors: ErrorList,
  path: Path,
  items: Maybe<readonly KeyToPath[]>,
  subject: string,
  claimed: ClaimedPaths,
): void {
  eachItem(items, path, (item, at) => {
    checkKeyToPath(errors, at, item);
    if (item.path) claimed.claim(item.path, subject);
  });
}

/** Upstream tells a wrong path at the volume. */
function checkToken(errors: ErrorList, volume: Path, at: Path, token: ServiceAccountTokenProjection): void {
  const seconds = token.expirationSeconds ?? MIN_TOKEN_SECONDS;
  const secondsAt = at.child('expirationSeconds');
  if (seconds < MIN_TOKEN_SECONDS)
    errors.invalid(secondsAt, seconds, 'may not specify a duration less than 10 minutes');
  if (seconds > MAX_TOKEN_SECONDS) {
    errors.invalid(secondsAt, seconds, 'may not specify a duration larger than 2^32 seconds');
  }
  if (!token.path) errors.required(volume.child('path'));
  else checkLocalPath(errors, volume.child('path'), token.path);
}
