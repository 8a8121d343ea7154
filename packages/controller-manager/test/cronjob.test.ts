import { type CronJob, type CronJobSpec, type Job, statusErrors } from '@regatta/api';
import { resources } from '@regatta/client';
import { beforeEach, describe, expect, it } from 'vitest';
import { CronJobController } from '../src/cronjob/cron-job-controller.ts';
import { TtlAfterFinishedController } from '../src/ttl-after-finished/ttl-after-finished-controller.ts';
import { TestCluster } from './support/test-cluster.ts';

const MINUTE = 60_000;

const cronJob = (spec: Partial<CronJobSpec> = {}): CronJob => ({
  metadata: { name: 'c', namespace: 'default' },
  spec: {
    schedule: '* * * * *',
    concurrencyPolicy: 'Allow',
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1,
    jobTemplate: {
      metadata: { name: '', labels: { app: 'c' }, annotations: { note: 'n' } },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } } },
    },
    ...spec,
  },
});

let cluster: TestCluster;
const jobs = (): Promise<Job[]> => cluster.list(resources.jobs);
const names = async () => (await jobs()).map(({ metadata }) => metadata.name);
const status = async () => (await cluster.of(resources.cronJobs).get('c', 'default')).status;
const start = (spec: Partial<CronJobSpec> = {}) => cluster.create(resources.cronJobs, cronJob(spec));
const events = () => cluster.events();
/** The name of the Job of the n-th minute of the cluster's clock. */
const nameAt = (minute: number) => `c-${Date.parse('2026-01-01T00:00:00Z') / MINUTE + minute}`;

async function end(name: string, type: 'Complete' | 'Failed'): Promise<void> {
  const time = cluster.time();
  await cluster.change(resources.jobs, name, (job) => ({
    ...job,
    status: {
      startTime: time,
      ...(type === 'Complete' ? { completionTime: time } : {}),
      conditions: [{ type, status: 'True', lastTransitionTime: time }],
    },
  }));
}

beforeEach(async () => {
  cluster = new TestCluster();
  await cluster.start((context) => new CronJobController(context));
});

describe('cronjob controller', () => {
  it('CM-177: makes a Job of the template at each time, named for it, and lists it', async () => {
    const owner = await start();
    expect(await jobs()).toEqual([]);
    await cluster.advance(MINUTE + 1000, 1000);
    const [job] = await jobs();
    expect(job?.metadata).toMatchObject({
      name: nameAt(1),
      labels: { app: 'c' },
      annotations: { note: 'n', 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T00:01:00Z' },
      ownerReferences: [
        { kind: 'CronJob', name: 'c', uid: owner.metadata.uid, controller: true, blockOwnerDeletion: true },
      ],
    });
    const { uid, resourceVersion } = job?.metadata ?? {};
    const reference = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      namespace: 'default',
      name: nameAt(1),
      uid,
      resourceVersion,
    };
    expect(await status()).toEqual({ active: [reference], lastScheduleTime: '2026-01-01T00:01:00Z' });
    await end(nameAt(1), 'Complete');
    expect(await status()).toEqual({ lastScheduleTime: '2026-01-01T00:01:00Z', lastSuccessfulTime: cluster.time() });
    expect(await events()).toEqual([
      `CronJob/c Normal SuccessfulCreate cronjob-controller: Created job ${nameAt(1)}`,
      `CronJob/c Normal SawCompletedJob cronjob-controller: Saw completed job: ${nameAt(1)}, condition: Complete`,
    ]);
  });

  it('CM-177: goes by the clock of the zone, at any speed of the cluster', async () => {
    await cluster.stop();
    cluster = new TestCluster(10);
    await cluster.start((context) => new CronJobController(context));
    await start({ schedule: '1 1 * * *', timeZone: 'Europe/Berlin' });
    await cluster.advance(MINUTE - 1000, 10_000);
    expect(await jobs()).toEqual([]);
    await cluster.advance(2000, 1000);
    expect((await jobs())[0]?.metadata.annotations).toMatchObject({
      'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T01:01:00+01:00',
    });
  });

  it('CM-178: Forbid waits for the Job before, Replace deletes it, Allow runs both', async () => {
    for (const [concurrencyPolicy, left] of [
      ['Forbid', [1]],
      ['Replace', [2]],
      ['Allow', [1, 2]],
    ] as const) {
      const begin = Math.floor(cluster.clock.now() / MINUTE) - Date.parse('2026-01-01T00:00:00Z') / MINUTE;
      await start({ concurrencyPolicy });
      await cluster.advance(2 * MINUTE + 1000, 1000);
      expect(await names()).toEqual(left.map((minute) => nameAt(begin + minute)));
      expect((await status())?.active?.map(({ name }) => name)).toEqual(await names());
      await cluster.of(resources.cronJobs).delete('c', { namespace: 'default' });
      for (const name of await names()) await cluster.of(resources.jobs).delete(name, { namespace: 'default' });
    }
    expect(await events()).toContain(
      'CronJob/c Normal JobAlreadyActive cronjob-controller: Not starting job because prior execution is running and concurrency policy is Forbid',
    );
    expect(
      (await events()).some((event) => event.includes('SuccessfulDelete cronjob-controller: Deleted job c-')),
    ).toBe(true);
  });

  it('CM-179: after a long time away it makes one Job, of the latest time, and says when many were missed', async () => {
    await start({ suspend: true });
    await cluster.advance(200 * MINUTE, 10 * MINUTE);
    expect(await jobs()).toEqual([]);
    const resume = (spec: Partial<CronJobSpec>) =>
      cluster.change(resources.cronJobs, 'c', (c) => ({ ...c, spec: { ...c.spec, suspend: false, ...spec } }));
    await resume({});
    expect(await names()).toEqual([nameAt(200)]);
    expect((await events())[0]).toBe(
      'CronJob/c Warning TooManyMissedTimes cronjob-controller: too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
    );
  });

  it('CM-179: a time past its starting deadline is missed', async () => {
    await start({ schedule: '0 * * * *', suspend: true });
    await cluster.advance(61 * MINUTE, MINUTE);
    await cluster.change(resources.cronJobs, 'c', (c) => ({
      ...c,
      spec: { ...c.spec, suspend: false, startingDeadlineSeconds: 30 },
    }));
    expect([await jobs(), await events()]).toEqual([[], []]);
    await cluster.advance(59 * MINUTE + 1000, MINUTE);
    expect(await names()).toEqual([nameAt(120)]);
  });

  it('CM-180: keeps as many ended Jobs as its limits say, the youngest', async () => {
    await start({ successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 0 });
    for (const minute of [1, 2, 3]) {
      await cluster.advance(MINUTE + 500, 500);
      await end(nameAt(minute), minute === 3 ? 'Failed' : 'Complete');
    }
    expect(await names()).toEqual([nameAt(2)]);
  });

  it('CM-181: tells of Jobs that it does not know, and of those that went missing', async () => {
    const { metadata } = await start({ schedule: '0 * * * *' });
    const reference = { apiVersion: 'batch/v1', kind: 'CronJob', name: 'c', uid: metadata.uid ?? '', controller: true };
    const manual = {
      metadata: { name: 'manual', namespace: 'default', ownerReferences: [reference] },
      spec: { template: {} },
    };
    await cluster.create(resources.jobs, manual);
    expect(await events()).toContain(
      'CronJob/c Warning UnexpectedJob cronjob-controller: Saw a job that the controller did not create or forgot: manual',
    );
    await cluster.advance(60 * MINUTE + 1000, MINUTE);
    await cluster.of(resources.jobs).delete(nameAt(60), { namespace: 'default' });
    await cluster.settle();
    expect(await events()).toContain(
      `CronJob/c Normal MissingJob cronjob-controller: Active job went missing: ${nameAt(60)}`,
    );
    expect(await status()).not.toHaveProperty('active');
  });

  it('CM-181: a status that could not be written is caught up with; the Job is made once', async () => {
    let refused = false;
    cluster.api.intercept = ({ method, url }) => {
      if (method !== 'PUT' || !url.endsWith('/cronjobs/c/status') || refused) return;
      refused = true;
      throw statusErrors.badRequest('no');
    };
    await start();
    await cluster.advance(MINUTE + 2000, 1000);
    expect([refused, await names()]).toEqual([true, [nameAt(1)]]);
    expect((await status())?.active?.map(({ name }) => name)).toEqual([nameAt(1)]);
  });
});

describe('ttl after finished', () => {
  it('CM-182: a Job that ended goes, with its Pods, after its time in cluster time', async () => {
    await cluster.stop();
    cluster = new TestCluster(10);
    await cluster.start((context) => new TtlAfterFinishedController(context));
    for (const [name, ttlSecondsAfterFinished] of [
      ['short', 100],
      ['kept', undefined],
    ] as const) {
      const spec = { template: {}, ...(ttlSecondsAfterFinished ? { ttlSecondsAfterFinished } : {}) };
      await cluster.create(resources.jobs, { metadata: { name, namespace: 'default' }, spec });
      await end(name, 'Complete');
    }
    await cluster.advance(9900, 100);
    expect(await names()).toEqual(['short', 'kept']);
    await cluster.advance(200, 100);
    const [short] = await jobs();
    expect(short?.metadata).toMatchObject({ name: 'short', finalizers: ['foregroundDeletion'] });
  });
});
