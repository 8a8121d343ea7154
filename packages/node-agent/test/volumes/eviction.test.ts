import { describe, expect, it } from 'vitest';
import { TestNode } from '../support/test-node.ts';

const FILL = 'i=0; while [ $i -lt 40 ]; do echo 0123456789012345678901234567890123456789 >> /e/x; i=$((i+1)); done';

describe('a Pod over its limits on disk', () => {
  it('VOL-22: fails as Evicted, with the event and the condition of upstream', async () => {
    const node = await new TestNode().start();
    await node.createPod({
      metadata: { name: 'full' },
      spec: {
        containers: [
          {
            name: 'main',
            image: 'busybox',
            command: ['sh', '-c', `${FILL}; sleep 1000`],
            volumeMounts: [{ name: 'e', mountPath: '/e' }],
          },
        ],
        volumes: [{ name: 'e', emptyDir: { sizeLimit: '1Ki' } }],
      },
    });
    await node.phase('full', 'Failed');
    const status = (await node.pod('full'))?.status;
    const message = 'Usage of EmptyDir volume "e" exceeds the limit "1Ki". ';
    expect(status).toMatchObject({ reason: 'Evicted', message });
    expect(status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'TerminationByKubelet',
      message,
    });
    expect(await node.events('full')).toContain(`Warning Evicted ${message}`);
    node.cutPower();
  });
});

describe('a Pod that has ended', () => {
  it('VOL-32: leaves nothing of its volumes on the disk, though the API still has it', async () => {
    const node = await new TestNode().start();
    await node.createPod({
      metadata: { name: 'job' },
      spec: {
        restartPolicy: 'Never',
        containers: [
          {
            name: 'main',
            image: 'busybox',
            command: ['sh', '-c', 'echo x > /e/x; sleep 5'],
            volumeMounts: [{ name: 'e', mountPath: '/e' }],
          },
        ],
        volumes: [{ name: 'e', emptyDir: {} }],
      },
    });
    await node.until(() => node.disk.folders('volumes').length === 1, 'the file is on disk');
    await node.phase('job', 'Succeeded');
    await node.until(() => node.disk.folders('volumes').length === 0, 'it is gone');
    expect(await node.pod('job')).toBeDefined();
    node.cutPower();
  });
});
