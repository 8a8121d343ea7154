/**
 * LeaseCandidates: who would hold a lease, in which versions (upstream: ValidateLeaseCandidate … of
 * pkg/apis/coordination/validation/validation.go).
 */
import { isConfigMapKey, type LeaseCandidate } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { ErrorList } from '../validation/error-list.ts';
import { METADATA, type Path, SPEC } from '../validation/path.ts';
import { IMMUTABLE } from '../validation/rules.ts';
import { checkElection, OLDEST_EMULATION } from './lease.ts';

export const leaseCandidateStrategy: Strategy<LeaseCandidate> = {
  // Told by validation: what a key of a ConfigMap may be.
  nameRule: 'none',
  validate: (candidate) => validateCandidate(candidate).errors,
  validateUpdate(candidate, old) {
    const errors = validateCandidate(candidate);
    const { leaseName } = candidate.spec ?? {};
    if (leaseName !== old.spec?.leaseName) errors.invalid(SPEC.child('leaseName'), leaseName ?? '', IMMUTABLE);
    return errors.errors;
  },
};

function validateCandidate({ metadata, spec }: LeaseCandidate): ErrorList {
  const errors = new ErrorList();
  if (metadata.name) errors.invalidEach(METADATA.child('name'), metadata.name, isConfigMapKey(metadata.name));
  const { leaseName, emulationVersion = '', binaryVersion = '', strategy = '' } = spec ?? {};
  if (!leaseName) errors.required(SPEC.child('leaseName'));
  const binaryAt = SPEC.child('binaryVersion');
  const emulated = checkVersion(errors, SPEC.child('emulationVersion'), emulationVersion);
  if (!binaryVersion) errors.required(binaryAt);
  const binary = checkVersion(errors, binaryAt, binaryVersion);
  if (binaryVersion && emulationVersion && compare(binary, emulated) < 0) {
    errors.invalid(binaryAt, binaryVersion, 'must be greater than or equal to `emulationVersion`');
  }
  checkStrategy(errors, strategy, emulated);
  return errors;
}

function checkStrategy(errors: ErrorList, strategy: string, emulated: Version): void {
  const at = SPEC.child('strategy');
  if (!strategy) {
    errors.required(at);
    return;
  }
  if (strategy === OLDEST_EMULATION && compare(emulated, ZERO) === 0) {
    errors.required(SPEC.child('emulationVersion'), `must be specified when \`strategy\` is '${OLDEST_EMULATION}'`);
  }
  checkElection(errors, at, strategy);
}

/** Three numbers, and what comes before the release. */
interface Version {
  readonly numbers: readonly number[];
  readonly pre: readonly string[];
}

const ZERO: Version = { numbers: [0, 0, 0], pre: [] };
const NUMBER = '(0|[1-9][0-9]*)';
const IDENTIFIERS = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*';
const SEMVER = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-(${IDENTIFIERS}))?(?:\\+${IDENTIFIERS})?$`);

function checkVersion(errors: ErrorList, at: Path, text: string): Version {
  if (text === '') return ZERO;
  const match = SEMVER.exec(text);
  const pre = match?.[4]?.split('.') ?? [];
  if (!match || pre.some((part) => /^0[0-9]+$/.test(part))) {
    errors.invalid(at, text, 'must be a valid semantic version');
    return ZERO;
  }
  return { numbers: match.slice(1, 4).map(Number), pre };
}

function compare(a: Version, b: Version): number {
  for (const [i, number] of a.numbers.entries()) {
    const difference = number - (b.numbers[i] ?? 0);
    if (difference !== 0) return difference;
  }
  if (a.pre.length === 0 || b.pre.length === 0) return b.pre.length - a.pre.length;
  for (const [i, part] of a.pre.entries()) {
    const difference = compareParts(part, b.pre[i]);
    if (difference !== 0) return difference;
  }
  return a.pre.length - b.pre.length;
}

/** Numbers come before words. */
function compareParts(a: string, b: string | undefined): number {
  if (b === undefined) return 1;
  const [first, second] = [a, b].map((part) => (/^[0-9]+$/.test(part) ? Number(part) : Number.NaN)) as [number, number];
  if (!Number.isNaN(first) && !Number.isNaN(second)) return first - second;
  if (Number.isNaN(first) !== Number.isNaN(second)) return Number.isNaN(first) ? 1 : -1;
  return a < b ? -1 : a > b ? 1 : 0;
}
