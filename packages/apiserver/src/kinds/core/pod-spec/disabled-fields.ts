/**
 * Fields of Pods whose features v1.36 leaves off: they are taken off what is written, as if nobody had given them
 * (upstream: dropDisabledFields of pkg/api/pod/util.go, the defaults in pkg/features/kube_features.go).
 */
import type { PodSpec } from '@regatta/api';
import type { AnyContainer } from './each-container.ts';

export function dropDisabledFields(spec: PodSpec): void {
  delete spec.schedulingGroup;
  for (const container of spec.initContainers ?? []) dropStopSignal(container);
  for (const container of spec.containers ?? []) dropStopSignal(container);
  for (const container of spec.ephemeralContainers ?? []) dropStopSignal(container);
  for (const { projected } of spec.volumes ?? []) {
    for (const source of projected?.sources ?? []) {
      delete source.clusterTrustBundle;
      delete source.podCertificate;
    }
  }
}

/** Hooks that are empty without it go as well. */
function dropStopSignal(container: AnyContainer): void {
  const { lifecycle } = container;
  if (lifecycle?.stopSignal === undefined) return;
  delete lifecycle.stopSignal;
  if (!lifecycle.postStart && !lifecycle.preStop) delete container.lifecycle;
}
