/**
 * All containers of a Pod in upstream's order (upstream: pkg/apis/core/pods/helpers.go VisitContainersWithPath).
 */
import type { Container, EphemeralContainer, PodSpec } from '@regatta/api';
import { eachItem } from '../../validation/lists.ts';
import type { Path } from '../../validation/path.ts';

export type AnyContainer = Container | EphemeralContainer;

export function eachContainer(spec: PodSpec, path: Path, visit: (container: AnyContainer, at: Path) => void): void {
  eachItem<AnyContainer>(spec.initContainers, path.child('initContainers'), visit);
  eachItem<AnyContainer>(spec.containers, path.child('containers'), visit);
  eachItem<AnyContainer>(spec.ephemeralContainers, path.child('ephemeralContainers'), visit);
}
