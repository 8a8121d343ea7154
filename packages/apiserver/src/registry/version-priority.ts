/**
 * Which version of a kind comes first: v2, v1, v2beta1, v1alpha2; then all others by name
 * (upstream: k8s.io/apimachinery/pkg/version/helpers.go CompareKubeAwareVersionStrings).
 */

interface Parsed {
  readonly major: number;
  /** 3 stable, 2 beta, 1 alpha. */
  readonly stage: number;
  readonly minor: number;
}

const STAGES: Readonly<Record<string, number>> = { alpha: 1, beta: 2 };

function parse(version: string): Parsed | undefined {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (!match) return undefined;
  const [, major, stage, minor] = match;
  return { major: Number(major), stage: stage === undefined ? 3 : (STAGES[stage] ?? 0), minor: Number(minor ?? 0) };
}

/** Sorts the preferred version first. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)];
  if (!left || !right) return left ? -1 : right ? 1 : a < b ? -1 : a > b ? 1 : 0;
  return right.stage - left.stage || right.major - left.major || right.minor - left.minor;
}
