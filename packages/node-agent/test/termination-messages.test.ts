import type { Container } from '@regatta/api';
import { describe, expect, it } from 'vitest';
import { TestNode } from './support/test-node.ts';

async function lastWords(...containers: Partial<Container>[]): Promise<(string | undefined)[]> {
  const node = await new TestNode().start();
  await node.createPod({
    metadata: { name: 'pod' },
    spec: {
      restartPolicy: 'Never',
      containers: containers.map((container, i) => ({ name: `c${i}`, image: 'busybox', ...container })),
    },
  });
  const isOver = async (): Promise<boolean> => /Succeeded|Failed/.test((await node.pod('pod'))?.status?.phase ?? '');
  await node.until(isOver, 'the Pod is over');
  const statuses = (await node.pod('pod'))?.status?.containerStatuses ?? [];
  node.cutPower();
  return statuses.map(({ state }) => state?.terminated?.message);
}

const sh = (script: string): Partial<Container> => ({ command: ['sh', '-c', script] });
const fallback = { terminationMessagePolicy: 'FallbackToLogsOnError' };

describe('termination messages', () => {
  it('NA-140: the file first; the end of the log only after a failure, and where it was asked for', async () => {
    expect(
      await lastWords(
        { ...sh('echo said; printf OK > /dev/termination-log'), ...fallback },
        { ...sh('printf DONE'), ...fallback },
        { ...sh('printf DONE; exit 1'), ...fallback },
        { ...sh('printf DONE; exit 1') },
        { ...sh('printf mine > /tmp/last'), terminationMessagePath: '/tmp/last' },
      ),
    ).toEqual(['OK', undefined, 'DONE', undefined, 'mine']);
  });

  it('NA-140: of a log 80 lines and 2 KiB; of a file 4 KiB; of a Pod 12 KiB', async () => {
    const lines = 'i=0; while [ $i -lt 100 ]; do echo line $i; i=$((i+1)); done; exit 1';
    const [ofLog, ofFile] = await lastWords(
      { ...sh(lines), ...fallback },
      sh('head -c 5000 /dev/zero | tr "\\\\0" x > /dev/termination-log'),
    );
    expect(ofLog?.split('\n')[0]).toBe('line 20');
    expect(ofLog).toMatch(/line 99\n$/);
    expect(ofFile).toHaveLength(4096);
    const many = Array.from({ length: 4 }, () => sh('head -c 5000 /dev/zero | tr "\\\\0" x > /dev/termination-log'));
    expect((await lastWords(...many)).map((message) => message?.length)).toEqual([3072, 3072, 3072, 3072]);
  });
});
