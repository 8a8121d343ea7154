/**
 * Pods (upstream: pkg/registry/core/pod/strategy.go).
 */
import { isDNS1123Label, type Pod } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { timestamp } from '../../registry/write-request.ts';
import { Path } from '../validation/path.ts';
import { preparePod } from './pod-prepare.ts';
import { defaultPod, syncServiceAccount } from './pod-spec/defaults.ts';
import { qosClass } from './pod-spec/qos.ts';
import { podWarnings } from './pod-spec/warnings.ts';
import { preparePodStatus, validatePodStatus } from './pod-status.ts';
import { validatePodUpdate } from './pod-update.ts';
import { validatePod } from './pod-validation.ts';

const HOSTNAME_WARNING =
  "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended";

export const podStrategy: Strategy<Pod> = {
  tracksGeneration: true,
  applyDefaults: defaultPod,
  prepareForCreate(pod, { server }) {
    syncServiceAccount(pod.spec);
    pod.status = { phase: 'Pending', qosClass: qosClass(pod.spec) };
    preparePod(pod, timestamp(server.clock.now()));
  },
  prepareForUpdate: (pod) => syncServiceAccount(pod.spec),
  validate: (pod) => validatePod(pod).errors,
  validateUpdate: (pod, old) => validatePodUpdate(pod, old).errors,
  prepareStatusUpdate: preparePodStatus,
  validateStatusUpdate: (pod, old) => validatePodStatus(pod, old).errors,
  warnings(pod, old) {
    if (old) return [];
    const messages = isDNS1123Label(pod.metadata.name);
    const ofName = messages.length === 0 ? [] : [`${HOSTNAME_WARNING}: [${messages.join(' ')}]`];
    return [...ofName, ...podWarnings(Path.root(), pod.spec, pod.metadata, false)];
  },
  fieldLabels: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.podIPs',
    'status.nominatedNodeName',
  ],
  selectableFields: (pod) => ({
    'spec.nodeName': pod.spec.nodeName ?? '',
    'spec.restartPolicy': pod.spec.restartPolicy ?? '',
    'spec.schedulerName': pod.spec.schedulerName ?? '',
    'spec.serviceAccountName': pod.spec.serviceAccountName ?? '',
    'spec.hostNetwork': String(pod.spec.hostNetwork ?? false),
    'status.phase': pod.status?.phase ?? '',
    'status.podIP': pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? '',
    'status.podIPs': pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? '',
    'status.nominatedNodeName': pod.status?.nominatedNodeName ?? '',
  }),
  gracePeriod,
};

/** Pods that no kubelet holds, and those that are over, go at once. */
function gracePeriod(pod: Pod, requested: number | undefined): number {
  const { nodeName, terminationGracePeriodSeconds } = pod.spec;
  const phase = pod.status?.phase;
  if (!nodeName || phase === 'Failed' || phase === 'Succeeded') return 0;
  const period = requested ?? terminationGracePeriodSeconds ?? 0;
  return period < 0 ? 1 : period;
}
