import { type Job, type JobSpec, type Pod, statusErrors } from '@regatta/api';
import { resources } from '@regatta/client';
import { beforeEach, describe, expect, it } from 'vitest';
import { IndexIntervals } from '../src/job/index-intervals.ts';
import { NO_FAILURES } from '../src/job/job-backoff.ts';
import { JobController } from '../src/job/job-controller.ts';
import { MAX_UNCOUNTED } from '../src/job/job-tracking.ts';
import { viewJob } from '../src/job/job-view.ts';
import { TestCluster } from './support/test-cluster.ts';

const TRACKING = 'batch.kubernetes.io/job-tracking';
const INDEX = 'batch.kubernetes.io/job-completion-index';

const job = (spec: Partial<JobSpec> = {}): Job => ({
  metadata: { name: 'j', namespace: 'default' },
  spec: {
    parallelism: 1,
    completions: 1,
    backoffLimit: 6,
    selector: { matchLabels: { job: 'j' } },
    template: {
      metadata: { labels: { job: 'j' } } as unknown as Job['metadata'],
      spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] },
    },
    ...spec,
  },
});
const indexed = (spec: Partial<JobSpec> = {}): Job => job({ completionMode: 'Indexed', ...spec });

let cluster: TestCluster;
const pods = (): Promise<Pod[]> => cluster.list(resources.pods);
const running = async (): Promise<Pod[]> =>
  (await pods()).filter(
    ({ status, metadata }) => !/Failed|Succeeded/.test(`${status?.phase}`) && !metadata.deletionTimestamp,
  );
const ofIndex = async (index: number): Promise<Pod | undefined> =>
  (await running()).find(({ metadata }) => metadata.annotations?.[INDEX] === `${index}`);
const status = async () => (await cluster.of(resources.jobs).get('j', 'default')).status;
const conditions = async () =>
  (await status())?.conditions?.map(({ type, status: is, reason, message }) => `${type}=${is} ${reason}: ${message}`);
const start = (object: Job): Promise<Job> => cluster.create(resources.jobs, object);
const change = (spec: Partial<JobSpec>) =>
  cluster.change(resources.jobs, 'j', (j) => ({ ...j, spec: { ...j.spec, ...spec } }));
const jobEvents = async () => (await cluster.events()).map((event) => event.replace(/-[0-9a-z]{5}$/, '-*'));
/** Lets the Job see what its Pods did. */
const seen = (): Promise<void> => cluster.advance(200, 100);

async function end(pod: Pod | undefined, exitCode: number, conditionTypes: string[] = []): Promise<void> {
  const terminated = { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', finishedAt: cluster.time() };
  const containerStatuses = [
    { name: 'c', image: 'busybox', imageID: '', ready: false, restartCount: 0, state: { terminated } },
  ];
  const ended = conditionTypes.map((type) => ({ type, status: 'True' }));
  await cluster.change(resources.pods, pod?.metadata.name ?? 'none', (p) => ({
    ...p,
    status: { phase: exitCode === 0 ? 'Succeeded' : 'Failed', containerStatuses, conditions: ended },
  }));
  await seen();
}

beforeEach(async () => {
  cluster = new TestCluster();
  await cluster.start((context) => new JobController(context));
});

describe('job controller', () => {
  it('CM-160: makes Pods that are tracked, counts them once they end, and completes', async () => {
    await start(job({ completions: 2, parallelism: 2 }));
    const [first, second] = await pods();
    expect(first?.metadata).toMatchObject({ generateName: 'j-', finalizers: [TRACKING] });
    expect(first?.metadata.ownerReferences).toMatchObject([
      { kind: 'Job', controller: true, blockOwnerDeletion: true },
    ]);
    expect(await status()).toEqual({
      startTime: cluster.time(),
      active: 2,
      ready: 0,
      terminating: 0,
      uncountedTerminatedPods: {},
    });
    await end(first, 0);
    expect(await status()).toMatchObject({ active: 1, succeeded: 1 });
    expect((await pods()).map(({ metadata }) => metadata.finalizers)).toEqual([[], [TRACKING]]);
    await end(second, 0);
    expect(await status()).toMatchObject({ succeeded: 2, ready: 0, terminating: 0, completionTime: cluster.time() });
    expect(await status()).not.toHaveProperty('active');
    expect(await conditions()).toEqual([
      'SuccessCriteriaMet=True CompletionsReached: Reached expected number of succeeded pods',
      'Complete=True CompletionsReached: Reached expected number of succeeded pods',
    ]);
    expect(await jobEvents()).toEqual([
      'Job/j Normal SuccessfulCreate job-controller: Created pod: j-*',
      'Job/j Normal SuccessfulCreate job-controller: Created pod: j-*',
      'Job/j Normal Completed job-controller: Job completed',
    ]);
  });

  it('CM-161: never runs more Pods than completions are missing; without completions the first success ends it', async () => {
    await start(job({ completions: 3, parallelism: 5 }));
    expect(await running()).toHaveLength(3);
    await end((await running())[0], 0);
    expect(await running()).toHaveLength(2);
    await change({ parallelism: 1 });
    await seen();
    expect(await running()).toHaveLength(1);
    expect(await status()).toMatchObject({ active: 1, succeeded: 1 });
    await cluster.of(resources.jobs).delete('j', { namespace: 'default' });
    await start({ ...job({ parallelism: 2, completions: undefined }), metadata: { name: 'q', namespace: 'default' } });
    for (const pod of (await running()).filter(({ metadata }) => metadata.generateName === 'q-')) await end(pod, 0);
    const { status: done } = await cluster.of(resources.jobs).get('q', 'default');
    expect(done).toMatchObject({ succeeded: 2, conditions: [{ type: 'SuccessCriteriaMet' }, { type: 'Complete' }] });
  });

  it('CM-162: waits 10 s after a failure, 20 s after the next, and fails past the limit', async () => {
    await start(job({ backoffLimit: 2 }));
    await end((await running())[0], 1);
    expect(await status()).toMatchObject({ failed: 1 });
    await cluster.advance(9000);
    expect(await running()).toEqual([]);
    await cluster.advance(1000);
    await end((await running())[0], 1);
    await cluster.advance(19_000);
    expect(await running()).toEqual([]);
    await cluster.advance(1000);
    await end((await running())[0], 1);
    expect(await conditions()).toEqual([
      'FailureTarget=True BackoffLimitExceeded: Job has reached the specified backoff limit',
      'Failed=True BackoffLimitExceeded: Job has reached the specified backoff limit',
    ]);
    expect(await status()).toMatchObject({ failed: 3, uncountedTerminatedPods: {} });
    expect((await jobEvents()).at(-1)).toBe(
      'Job/j Warning BackoffLimitExceeded job-controller: Job has reached the specified backoff limit',
    );
  });

  it('CM-162: restarts of containers count where Pods are not replaced', async () => {
    const template = { ...job().spec.template, spec: { ...job().spec.template.spec, restartPolicy: 'OnFailure' } };
    await start(job({ backoffLimit: 2, template: template as Job['spec']['template'] }));
    await cluster.runPods();
    await cluster.change(resources.pods, (await pods())[0]?.metadata.name ?? '', (p) => ({
      ...p,
      status: {
        phase: 'Running',
        containerStatuses: [{ name: 'c', image: '', imageID: '', ready: true, restartCount: 2 }],
      },
    }));
    await seen();
    expect((await conditions())?.[0]).toContain('FailureTarget=True BackoffLimitExceeded');
  });

  it('CM-163: an Indexed Job runs each index once, named, labelled and told of it', async () => {
    await start(indexed({ completions: 3, parallelism: 2 }));
    const [first] = await pods();
    expect(first?.metadata).toMatchObject({
      generateName: 'j-0-',
      labels: { job: 'j', [INDEX]: '0' },
      annotations: { [INDEX]: '0' },
    });
    expect(first?.spec).toMatchObject({
      hostname: 'j-0',
      containers: [
        {
          env: [
            { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { fieldPath: `metadata.labels['${INDEX}']` } } },
          ],
        },
      ],
    });
    await end(await ofIndex(1), 0);
    expect(await status()).toMatchObject({ completedIndexes: '1', succeeded: 1, active: 2 });
    await end(await ofIndex(0), 0);
    await end(await ofIndex(2), 0);
    expect(await status()).toMatchObject({ completedIndexes: '0-2', succeeded: 3 });
    expect((await conditions())?.at(-1)).toContain('Complete=True CompletionsReached');
  });

  it('CM-164: with a limit per index each index fails for itself, and its successor knows how often', async () => {
    await start(indexed({ completions: 2, parallelism: 2, backoffLimitPerIndex: 1, backoffLimit: 2 ** 31 - 1 }));
    const failed = await ofIndex(1);
    await end(failed, 1);
    expect((await pods()).find((pod) => pod.metadata.name === failed?.metadata.name)?.metadata.finalizers).toEqual([
      TRACKING,
    ]);
    await cluster.advance(10_000);
    const successor = await ofIndex(1);
    expect(successor?.metadata.annotations?.['batch.kubernetes.io/job-index-failure-count']).toBe('1');
    expect((await pods()).find((pod) => pod.metadata.name === failed?.metadata.name)?.metadata.finalizers).toEqual([]);
    await end(successor, 1);
    expect(await status()).toMatchObject({ failedIndexes: '1', failed: 2, active: 1 });
    await end(await ofIndex(0), 0);
    expect(await status()).toMatchObject({ completedIndexes: '0', failedIndexes: '1' });
    expect(await conditions()).toEqual([
      'FailureTarget=True FailedIndexes: Job has failed indexes',
      'Failed=True FailedIndexes: Job has failed indexes',
    ]);
  });

  it('CM-164: more failed indexes than maxFailedIndexes end the others', async () => {
    const perIndex = { backoffLimitPerIndex: 0, maxFailedIndexes: 0, backoffLimit: 2 ** 31 - 1 };
    await start(indexed({ completions: 3, parallelism: 3, ...perIndex }));
    await end(await ofIndex(2), 1);
    expect((await conditions())?.at(-1)).toBe(
      'Failed=True MaxFailedIndexesExceeded: Job has exceeded the specified maximal number of failed indexes',
    );
    expect(await running()).toEqual([]);
    expect(await status()).toMatchObject({ failedIndexes: '2', failed: 3 });
  });

  it('CM-165: the failure policy fails the Job, ignores, or fails the index', async () => {
    const rules = [
      { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
      { action: 'FailJob', onExitCodes: { containerName: 'c', operator: 'In', values: [42] } },
    ];
    await start(job({ backoffLimit: 0, podFailurePolicy: { rules } }));
    await end((await running())[0], 137, ['DisruptionTarget']);
    expect(await status()).not.toHaveProperty('failed');
    await cluster.advance(10_000);
    const [last] = await running();
    await end(last, 42);
    const why = `Container c for pod default/${last?.metadata.name} failed with exit code 42 matching FailJob rule at index 1`;
    expect(await conditions()).toEqual([
      `FailureTarget=True PodFailurePolicy: ${why}`,
      `Failed=True PodFailurePolicy: ${why}`,
    ]);
  });

  it('CM-165: FailIndex fails an index at its first failure', async () => {
    const rules = [{ action: 'FailIndex', onExitCodes: { operator: 'NotIn', values: [1] } }];
    const perIndex = { backoffLimitPerIndex: 5, backoffLimit: 2 ** 31 - 1 };
    await start(indexed({ completions: 2, parallelism: 2, ...perIndex, podFailurePolicy: { rules } }));
    await end(await ofIndex(0), 7);
    expect(await status()).toMatchObject({ failedIndexes: '0', active: 1 });
  });

  it('CM-166: the success policy ends an Indexed Job while others still run', async () => {
    const rules = [{ succeededIndexes: '1-2', succeededCount: 1 }];
    await start(indexed({ completions: 3, parallelism: 3, successPolicy: { rules } }));
    await cluster.runPods();
    await end(await ofIndex(2), 0);
    expect(await conditions()).toEqual(['SuccessCriteriaMet=True SuccessPolicy: Matched rules at index 0']);
    expect(await status()).toMatchObject({ terminating: 2, succeeded: 1 });
    await cluster.endPods();
    await seen();
    expect((await conditions())?.at(-1)).toBe('Complete=True SuccessPolicy: Matched rules at index 0');
    expect(await status()).toMatchObject({ terminating: 0, succeeded: 1 });
    expect(await status()).not.toHaveProperty('failed');
  });

  it('CM-167: a Job that is suspended deletes its Pods without counting them, and starts anew when it goes on', async () => {
    await start(job({ completions: 4, parallelism: 2 }));
    await seen();
    await change({ suspend: true });
    await seen();
    expect(await pods()).toEqual([]);
    expect(await conditions()).toEqual(['Suspended=True JobSuspended: Job suspended']);
    expect(await status()).not.toHaveProperty('failed');
    await cluster.advance(5000);
    await change({ suspend: false });
    expect(await status()).toMatchObject({ active: 2, startTime: cluster.time() });
    expect(await conditions()).toEqual(['Suspended=False JobResumed: Job resumed']);
    await change({ activeDeadlineSeconds: 1 });
    await cluster.advance(1500, 100);
    expect((await conditions())?.slice(1)).toEqual([
      'FailureTarget=True DeadlineExceeded: Job was active longer than specified deadline',
      'Failed=True DeadlineExceeded: Job was active longer than specified deadline',
    ]);
    expect(await status()).toMatchObject({ failed: 2, ready: 0, terminating: 0 });
    expect((await jobEvents()).slice(2)).toEqual([
      'Job/j Normal SuccessfulDelete job-controller: Deleted pod: j-*',
      'Job/j Normal SuccessfulDelete job-controller: Deleted pod: j-*',
      'Job/j Normal Suspended job-controller: Job suspended',
      'Job/j Normal SuccessfulCreate job-controller: Created pod: j-*',
      'Job/j Normal SuccessfulCreate job-controller: Created pod: j-*',
      'Job/j Normal Resumed job-controller: Job resumed',
      'Job/j Normal SuccessfulDelete job-controller: Deleted pod: j-*',
      'Job/j Normal SuccessfulDelete job-controller: Deleted pod: j-*',
      'Job/j Warning DeadlineExceeded job-controller: Job was active longer than specified deadline',
    ]);
  });

  it('CM-168: a Pod on its way out is replaced at once, or with podReplacementPolicy Failed once it has ended', async () => {
    for (const [podReplacementPolicy, replaced] of [
      ['TerminatingOrFailed', 1],
      ['Failed', 0],
    ] as const) {
      await start(job({ podReplacementPolicy }));
      await cluster.runPods();
      await cluster.of(resources.pods).delete((await running())[0]?.metadata.name ?? '', { namespace: 'default' });
      await cluster.advance(10_500, 500);
      expect(await running()).toHaveLength(replaced);
      expect(await status()).toMatchObject({ terminating: 1 });
      await cluster.of(resources.jobs).delete('j', { namespace: 'default' });
      await cluster.endPods();
      await seen();
      for (const pod of await pods()) cluster.api.memory.store.remove('/pods', `default/${pod.metadata.name}`, pod);
      await seen();
    }
  });

  it('CM-169: adopts a matching orphan and tracks it, releases what no longer matches', async () => {
    await start(job());
    const name = (await pods())[0]?.metadata.name ?? '';
    const relabel = (labels: Record<string, string>) =>
      cluster.change(resources.pods, name, (pod) => ({ ...pod, metadata: { ...pod.metadata, labels } }));
    await relabel({ job: 'other' });
    await seen();
    const released = await cluster.of(resources.pods).get(name, 'default');
    expect([released.metadata.ownerReferences, released.metadata.finalizers]).toEqual([[], []]);
    for (const pod of await running()) {
      if (pod.metadata.name !== name) cluster.api.memory.store.remove('/pods', `default/${pod.metadata.name}`, pod);
    }
    await relabel({ job: 'j' });
    await seen();
    const adopted = await cluster.of(resources.pods).get(name, 'default');
    expect(adopted.metadata.ownerReferences).toMatchObject([{ kind: 'Job' }]);
    expect(adopted.metadata.finalizers).toEqual([TRACKING]);
  });

  it('CM-169: Pods of a Job that is gone lose their finalizer', async () => {
    await start(job());
    await cluster.of(resources.jobs).delete('j', { namespace: 'default' });
    await seen();
    expect((await pods())[0]?.metadata.finalizers).toEqual([]);
  });

  it('CM-170: leaves Jobs alone that another controller manages', async () => {
    await start(job({ managedBy: 'example.com/other' }));
    expect([await pods(), await status()]).toEqual([[], undefined]);
  });

  it('CM-171: counts each Pod once, though a write between listing and releasing fails', async () => {
    await start(job({ completions: 2, parallelism: 2 }));
    cluster.api.intercept = ({ method, url }) => {
      if (method === 'PATCH' && url.includes('/pods/')) throw statusErrors.badRequest('no');
    };
    const [first] = await pods();
    await end(first, 0);
    expect(await status()).toMatchObject({ uncountedTerminatedPods: { succeeded: [first?.metadata.uid] } });
    cluster.api.intercept = () => {};
    await cluster.advance(2000, 10);
    expect(await status()).toMatchObject({ succeeded: 1, uncountedTerminatedPods: {} });
  });

  it('CM-171: a Pod that was let go is counted, though the cache still shows its finalizer', () => {
    const metadata = { name: 'p', uid: 'u', finalizers: [TRACKING] };
    const pod = { metadata, spec: { containers: [] }, status: { phase: 'Succeeded' } } as Pod;
    const counted = { ...job(), status: { succeeded: 1 } };
    expect(viewJob(counted, [pod], new Set(['u']), NO_FAILURES).succeeded).toBe(1);
    expect(viewJob(counted, [pod], new Set(), NO_FAILURES).succeeded).toBe(2);
  });

  it('CM-171: lists at most 500 Pods at once', async () => {
    await start(job({ completions: 600, parallelism: 600 }));
    await seen();
    expect(await running()).toHaveLength(600);
    const most: number[] = [];
    cluster.api.intercept = ({ method, url, body }) => {
      if (method !== 'PUT' || !url.endsWith('/jobs/j/status') || !body) return;
      const { status: written } = cluster.api.codec.decode(body) as Job;
      most.push(written?.uncountedTerminatedPods?.succeeded?.length ?? 0);
    };
    for (const pod of await running()) {
      const key = `default/${pod.metadata.name}`;
      cluster.api.memory.store.put('/pods', key, { ...pod, status: { phase: 'Succeeded' } } as Pod);
    }
    await cluster.advance(1000, 100);
    expect(Math.max(...most)).toBe(MAX_UNCOUNTED);
    expect(await status()).toMatchObject({ succeeded: 600, conditions: [{}, { type: 'Complete' }] });
  });

  it('CM-172: a Pod that can’t be made is told of and tried again', async () => {
    cluster.api.intercept = ({ method, url }) => {
      if (method === 'POST' && url.endsWith('/pods')) {
        throw statusErrors.forbidden({ group: '', resource: 'pods' }, 'j-x', 'exceeded quota: q');
      }
    };
    await start(job());
    expect(await status()).toMatchObject({ ready: 0 });
    expect(await jobEvents()).toContain(
      'Job/j Warning FailedCreate job-controller: Error creating: pods "j-x" is forbidden: exceeded quota: q',
    );
    cluster.api.intercept = () => {};
    await cluster.advance(1000, 10);
    expect(await running()).toHaveLength(1);
  });
});

describe('completion indexes', () => {
  it.each([
    ['0,1,2', '0-2'],
    ['0,1', '0,1'],
    ['0-3,5,6-7', '0-3,5-7'],
    ['3-20', '3-9'],
    ['x,4', '4'],
    ['', ''],
  ])('CM-163: %j is read and written as %j', (text, written) => {
    expect(IndexIntervals.parse(text, 10).toString()).toBe(written);
  });

  it('CM-163: finds the lowest that are missing', () => {
    expect(IndexIntervals.parse('0,2-3,5', 10).firstMissing(3, 10)).toEqual([1, 4, 6]);
    expect(IndexIntervals.of([9, 0, 1]).firstMissing(20, 4)).toEqual([2, 3]);
  });
});
