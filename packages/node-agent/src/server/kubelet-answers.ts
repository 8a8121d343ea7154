/**
 * What the kubelet tells about itself and its Pods: documents of its read-only endpoints. Pure.
 */

import { KUBERNETES_VERSION, type Pod } from '@regatta/api';
import { formatTime } from '@regatta/client';
import type { ClusterClock } from '@regatta/runtime';
import type { NodeAgent } from '../node/node-agent.ts';
import { uidOf } from '../pods/pod-names.ts';
import type { ContainerRecord } from '../runtime/container-runtime.ts';

type Agent = Pick<NodeAgent, 'pods' | 'runtime' | 'name'>;

/** GET /pods */
export function podList(agent: Agent): object {
  return list(agent.pods.all());
}

/** GET /runningpods: Pods as the runtime knows them. */
export function runningPods(agent: Agent): object {
  return list(
    agent.pods.all().flatMap((pod) => {
      const running = runningContainers(agent, pod);
      if (running.length === 0) return [];
      const { name, namespace, uid } = pod.metadata;
      const containers = running.map((container) => ({ name: container.name, image: container.image.reference }));
      return [{ metadata: { name, namespace, uid }, spec: { containers } }];
    }),
  );
}

/** GET /configz: what of the kubelet's configuration this agent goes by. */
export function kubeletConfig(): object {
  return {
    kubeletconfig: {
      kind: 'KubeletConfiguration',
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      maxPods: 110,
      nodeStatusUpdateFrequency: '10s',
      nodeStatusReportFrequency: '5m0s',
      nodeLeaseDurationSeconds: 40,
      evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '10%' },
      containerLogMaxFiles: 1,
      failSwapOn: true,
    },
  };
}

/** GET /stats/summary. Figures that nobody measures are left out. */
export function statsSummary(agent: Agent, clock: ClusterClock): object {
  const pods = agent.pods.all().flatMap((pod) => {
    const running = runningContainers(agent, pod);
    if (running.length === 0) return [];
    const { name, namespace, uid } = pod.metadata;
    return [
      {
        podRef: { name, namespace, uid },
        startTime: pod.status?.startTime ?? formatTime(clock.now()),
        containers: running.map((container) => ({ name: container.name, startTime: startOf(container) })),
      },
    ];
  });
  return { node: { nodeName: agent.name }, pods };
}

/** GET /metrics, in Prometheus' text format. */
export function kubeletMetrics(agent: Agent): string {
  const pods = agent.pods.all();
  const states = { created: 0, running: 0, exited: 0 };
  for (const pod of pods) for (const { state } of agent.runtime.containers(uidOf(pod))) states[state]++;
  const running = pods.filter((pod) => runningContainers(agent, pod).length > 0).length;
  return `# HELP kubelet_node_name [STABLE] The node's name. The count is always 1.
# TYPE kubelet_node_name gauge
kubelet_node_name{node="${agent.name}"} 1
# HELP kubelet_running_containers [ALPHA] Number of containers currently running
# TYPE kubelet_running_containers gauge
${Object.entries(states)
  .map(([state, count]) => `kubelet_running_containers{container_state="${state}"} ${count}`)
  .join('\n')}
# HELP kubelet_running_pods [ALPHA] Number of pods that have a running pod sandbox
# TYPE kubelet_running_pods gauge
kubelet_running_pods ${running}
# HELP kubernetes_build_info [ALPHA] Versions of what runs here, the count being always 1.
# TYPE kubernetes_build_info gauge
kubernetes_build_info{git_version="${KUBERNETES_VERSION}"} 1
`;
}

function list(items: readonly object[]): object {
  return { kind: 'PodList', apiVersion: 'v1', metadata: {}, items };
}

function runningContainers(agent: Agent, pod: Pod): ContainerRecord[] {
  return agent.runtime.containers(uidOf(pod)).filter(({ state }) => state === 'running');
}

function startOf({ startedAt, createdAt }: ContainerRecord): string {
  return formatTime(startedAt ?? createdAt);
}
