/**
 * The index by which controllers find what is theirs: objects by the uid of their controller, and orphans by namespace.
 */
import type { KubeObject } from '@regatta/api';
import { controllerOf } from './controller-ref.ts';

export const BY_CONTROLLER = 'controller';

export function controllerIndex(object: KubeObject): readonly string[] {
  const owner = controllerOf(object);
  return [owner ? owner.uid : orphansOf(object.metadata.namespace ?? '')];
}

/** The index value of a namespace's objects that nobody controls. */
export function orphansOf(namespace: string): string {
  return `orphans/${namespace}`;
}
