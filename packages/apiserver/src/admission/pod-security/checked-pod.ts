/**
 * A Pod as the checks of Pod security look at it: all its containers alike, and sentences about who sets what.
 */
import { type Container, goQuote, type ObjectMeta, type PodSpec } from '@regatta/api';

export interface CheckedPod {
  readonly metadata: Pick<ObjectMeta, 'annotations'>;
  readonly spec: PodSpec;
}

/** What a check has against a Pod. */
export interface Violation {
  readonly reason: string;
  readonly detail: string;
}

export function eachContainer({ spec }: CheckedPod): Container[] {
  return [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])];
}

/** Names of the containers of which the test is true. */
export function containersThat(pod: CheckedPod, test: (container: Container) => boolean): string[] {
  return eachContainer(pod)
    .filter(test)
    .map(({ name }) => name);
}

/** `pod and containers "a", "b"`, or undefined when nobody is concerned. */
export function setters(podSets: boolean, containers: readonly string[]): string | undefined {
  const parts = [...(podSets ? ['pod'] : []), ...(containers.length > 0 ? [named('container', containers)] : [])];
  return parts.length === 0 ? undefined : parts.join(' and ');
}

/** `container "a"`, `volumes "a", "b"` */
export function named(noun: string, names: readonly string[]): string {
  return `${plural(noun, names.length)} ${quoted(names)}`;
}

export function plural(noun: string, count: number): string {
  return count === 1 ? noun : `${noun}s`;
}

export function quoted(values: readonly string[]): string {
  return values.map(goQuote).join(', ');
}

/** Each value once, in order. */
export function distinct(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}

export function isWindows({ spec }: CheckedPod): boolean {
  return spec.os?.name === 'windows';
}

/** A Pod in a user namespace of its own is root there only. */
export function hasOwnUsers({ spec }: CheckedPod): boolean {
  return spec.hostUsers === false;
}
