/**
 * Defaults of Pods and Pod templates beyond those that the type's facts declare (upstream: pkg/apis/core/v1/defaults.go
 * and conversion.go). Idempotent.
 */
import {
  type Container,
  type ContainerPort,
  type EphemeralContainer,
  type Pod,
  type PodSpec,
  type Probe,
  Quantity,
  type ResourceRequirements,
  type Volume,
} from '@regatta/api';
import { dropDisabledFields } from './disabled-fields.ts';
import { pullPolicyFor } from './image-name.ts';
import { defaultPodLevelResources } from './pod-level-resources.ts';
import { defaultVolume } from './volume-defaults.ts';

type AnyContainer = Container | EphemeralContainer;

/** What any PodSpec gets, in a Pod or in a template. */
export function defaultPodSpec(spec: PodSpec): void {
  spec.dnsPolicy ||= 'ClusterFirst';
  spec.restartPolicy ||= 'Always';
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  spec.schedulerName ||= 'default-scheduler';
  syncServiceAccount(spec);
  for (const volume of spec.volumes ?? []) defaultVolume(volume as Volume);
  for (const container of spec.initContainers ?? []) defaultContainer(container);
  for (const container of spec.containers ?? []) defaultContainer(container);
  for (const container of spec.ephemeralContainers ?? []) defaultContainer(container);
  if (spec.overhead) roundResources(spec.overhead);
  if (spec.resources) roundRequirements(spec.resources);
  dropDisabledFields(spec);
}

/** `serviceAccount` is the old name of `serviceAccountName`; both are always told. */
export function syncServiceAccount(spec: PodSpec): void {
  const name = spec.serviceAccountName || spec.serviceAccount;
  if (!name) return;
  spec.serviceAccountName = name;
  spec.serviceAccount = name;
}

/** What only Pods get: templates keep what their author wrote. */
export function defaultPod(pod: Pod): void {
  const spec = pod.spec as PodSpec | undefined;
  if (!spec) return;
  defaultPodSpec(spec);
  for (const container of spec.containers ?? []) requestsFromLimits(container.resources);
  for (const container of spec.initContainers ?? []) requestsFromLimits(container.resources);
  if (spec.resources) defaultPodLevelResources(spec);
  spec.enableServiceLinks ??= true;
  if (spec.hostNetwork) defaultHostPorts(spec);
}

function defaultContainer(container: AnyContainer): void {
  container.imagePullPolicy ||= pullPolicyFor(container.image ?? '');
  container.terminationMessagePath ||= '/dev/termination-log';
  container.terminationMessagePolicy ||= 'File';
  for (const port of container.ports ?? []) port.protocol ||= 'TCP';
  for (const variable of container.env ?? []) {
    const ref = variable.valueFrom?.fieldRef;
    if (ref) ref.apiVersion ||= 'v1';
  }
  if (container.livenessProbe) defaultProbe(container.livenessProbe);
  if (container.readinessProbe) defaultProbe(container.readinessProbe);
  if (container.startupProbe) defaultProbe(container.startupProbe);
  if (container.lifecycle) {
    defaultHandler(container.lifecycle.postStart);
    defaultHandler(container.lifecycle.preStop);
  }
  if (container.resources) roundRequirements(container.resources);
}

function defaultProbe(probe: Probe): void {
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  defaultHandler(probe);
  if (probe.grpc) probe.grpc.service ??= '';
}

function defaultHandler(handler: Pick<Probe, 'httpGet'> | undefined): void {
  const get = handler?.httpGet;
  if (!get) return;
  get.path ||= '/';
  get.scheme ||= 'HTTP';
}

function requestsFromLimits(resources: ResourceRequirements | undefined): void {
  if (!resources?.limits) return;
  resources.requests = { ...resources.limits, ...resources.requests };
}

function defaultHostPorts(spec: PodSpec): void {
  const fill = (ports: readonly ContainerPort[] | undefined): void => {
    for (const port of ports ?? []) port.hostPort ||= port.containerPort;
  };
  for (const container of spec.containers ?? []) fill(container.ports);
  for (const container of spec.initContainers ?? []) fill(container.ports);
}

function roundRequirements(resources: ResourceRequirements): void {
  if (resources.limits) roundResources(resources.limits);
  if (resources.requests) roundResources(resources.requests);
}

const FINER_THAN_MILLI = /[nu]$|\.[0-9]{4}/;

/** Amounts finer than a thousandth are rounded up to one. */
export function roundResources(resources: Record<string, string>): void {
  for (const name of Object.keys(resources)) {
    const text = resources[name];
    if (text !== undefined && FINER_THAN_MILLI.test(text)) {
      resources[name] = Quantity.ofMilli(Quantity.parse(text).milli()).toString();
    }
  }
}
