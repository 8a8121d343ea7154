import { describe, expect, it } from 'vitest';
import { TestNode } from './support/test-node.ts';

describe('a bound pod', () => {
  it('NA-1: becomes Running with an address of the node range', async () => {
    const node = await new TestNode().start();
    await node.createPod({ metadata: { name: 'web' }, spec: { containers: [{ name: 'web', image: 'nginx' }] } });
    await node.phase('web', 'Running');
    const pod = await node.pod('web');
    expect(pod?.status).toMatchInlineSnapshot(`
      {
        "conditions": [
          {
            "lastTransitionTime": "2026-01-01T00:00:02Z",
            "observedGeneration": 1,
            "status": "True",
            "type": "PodReadyToStartContainers",
          },
          {
            "lastTransitionTime": "2026-01-01T00:00:00Z",
            "observedGeneration": 1,
            "status": "True",
            "type": "Initialized",
          },
          {
            "lastTransitionTime": "2026-01-01T00:00:02Z",
            "observedGeneration": 1,
            "status": "True",
            "type": "Ready",
          },
          {
            "lastTransitionTime": "2026-01-01T00:00:02Z",
            "observedGeneration": 1,
            "status": "True",
            "type": "ContainersReady",
          },
          {
            "lastTransitionTime": "2026-01-01T00:00:00Z",
            "observedGeneration": 1,
            "status": "True",
            "type": "PodScheduled",
          },
        ],
        "containerStatuses": [
          {
            "containerID": "containerd://cbc8c6948c144ddca65e457d6f86584e9fd76be8a2b649d6a41abf541becdf3f",
            "image": "docker.io/library/nginx:latest",
            "imageID": "docker.io/library/nginx@sha256:86cee2c10898a48ff47a0626f8202a2408b5893aff5df58ae10d83166e6d7b0e",
            "lastState": {},
            "name": "web",
            "ready": true,
            "resources": {},
            "restartCount": 0,
            "started": true,
            "state": {
              "running": {
                "startedAt": "2026-01-01T00:00:02Z",
              },
            },
            "user": {
              "linux": {
                "gid": 0,
                "supplementalGroups": [
                  0,
                ],
                "uid": 0,
              },
            },
          },
        ],
        "hostIP": "192.168.49.2",
        "hostIPs": [
          {
            "ip": "192.168.49.2",
          },
        ],
        "observedGeneration": 1,
        "phase": "Running",
        "podIP": "10.244.1.2",
        "podIPs": [
          {
            "ip": "10.244.1.2",
          },
        ],
        "qosClass": "BestEffort",
        "startTime": "2026-01-01T00:00:00Z",
      }
    `);
    expect(await node.events('web')).toMatchInlineSnapshot(`
      [
        "Normal Pulling Pulling image "nginx"",
        "Normal Pulled Successfully pulled image "nginx" in 1.923s (1.923s including waiting). Image size: 62939286 bytes.",
        "Normal Created Container created",
        "Normal Started Container started",
      ]
    `);
    expect(await node.events('node-1')).toMatchInlineSnapshot(`
      [
        "Normal Starting Starting kubelet.",
        "Normal NodeHasSufficientMemory Node node-1 status is now: NodeHasSufficientMemory",
        "Normal NodeHasNoDiskPressure Node node-1 status is now: NodeHasNoDiskPressure",
        "Normal NodeHasSufficientPID Node node-1 status is now: NodeHasSufficientPID",
        "Normal NodeAllocatableEnforced Updated Node Allocatable limit across pods",
        "Normal NodeReady Node node-1 status is now: NodeReady",
      ]
    `);
    expect((await node.node()).status?.conditions).toMatchInlineSnapshot(`
      [
        {
          "lastHeartbeatTime": "2026-01-01T00:00:00Z",
          "lastTransitionTime": "2026-01-01T00:00:00Z",
          "message": "kubelet has sufficient memory available",
          "reason": "KubeletHasSufficientMemory",
          "status": "False",
          "type": "MemoryPressure",
        },
        {
          "lastHeartbeatTime": "2026-01-01T00:00:00Z",
          "lastTransitionTime": "2026-01-01T00:00:00Z",
          "message": "kubelet has no disk pressure",
          "reason": "KubeletHasNoDiskPressure",
          "status": "False",
          "type": "DiskPressure",
        },
        {
          "lastHeartbeatTime": "2026-01-01T00:00:00Z",
          "lastTransitionTime": "2026-01-01T00:00:00Z",
          "message": "kubelet has sufficient PID available",
          "reason": "KubeletHasSufficientPID",
          "status": "False",
          "type": "PIDPressure",
        },
        {
          "lastHeartbeatTime": "2026-01-01T00:00:00Z",
          "lastTransitionTime": "2026-01-01T00:00:00Z",
          "message": "kubelet is posting ready status",
          "reason": "KubeletReady",
          "status": "True",
          "type": "Ready",
        },
      ]
    `);
    node.cutPower();
  });
});
