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
