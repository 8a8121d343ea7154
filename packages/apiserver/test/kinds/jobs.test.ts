/**
 * What becomes of Jobs and CronJobs beyond what the recordings show: schedules, updates, status.
 */
import { formatFieldError, type Job } from '@regatta/api';
import { describe, expect, it } from 'vitest';
import { firstOverlap, indexCount } from '../../src/kinds/batch/index-list.ts';
import { jobStrategy } from '../../src/kinds/batch/job.ts';
import type { WriteContext } from '../../src/registry/strategy.ts';

const CONTEXT = {} as WriteContext;

function job(change: (job: Job) => void = () => {}): Job {
  const made: Job = {
    metadata: { name: 'j', namespace: 'n', uid: 'u' },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox:1' }] } } },
  };
  jobStrategy.applyDefaults?.(made);
  jobStrategy.prepareForCreate?.(made, CONTEXT);
  change(made);
  return made;
}

function updateErrors(change: (job: Job) => void, before: (job: Job) => void = () => {}): string[] {
  const now = job(before);
  change(now);
  return (jobStrategy.validateUpdate?.(now, job(before), CONTEXT) ?? []).map(
    ({ field, detail }) => `${field}: ${detail}`,
  );
}

function statusErrors(status: Job['status'], before: Job['status'] = {}): string[] {
  const [now, old] = [status, before].map((one) => job((made) => Object.assign(made, { status: one })));
  if (!now || !old) throw new Error('two Jobs are compared');
  return (jobStrategy.validateStatusUpdate?.(now, old, CONTEXT) ?? []).map(
    ({ field, detail }) => `${field}: ${detail}`,
  );
}

const met = { type: 'SuccessCriteriaMet', status: 'True' };
const complete = [met, { type: 'Complete', status: 'True' }];
const times = { startTime: '2026-01-01T00:00:00Z', completionTime: '2026-01-01T00:00:05Z' };
const setNodeSelector = ({ spec }: Job): void => {
  Object.assign(spec.template.spec ?? {}, { nodeSelector: { zone: 'a' } });
};

describe('updates of Jobs', () => {
  it('KIND-16: parallelism and suspension may change, the template and completions may not', () => {
    expect(updateErrors(({ spec }) => Object.assign(spec, { parallelism: 5, suspend: true }))).toEqual([]);
    expect(updateErrors(setNodeSelector)).toEqual(['spec.template: field is immutable']);
    expect(updateErrors(({ spec }) => (spec.completions = 3))).toEqual(['spec.completions: field is immutable']);
  });

  it('KIND-16: before a suspended Job starts its Pods may be placed elsewhere', () => {
    const suspended = ({ spec }: Job): void => {
      spec.suspend = true;
    };
    expect(updateErrors(setNodeSelector, suspended)).toEqual([]);
  });

  it('KIND-16: an Indexed Job grows with its parallelism', () => {
    const indexed = ({ spec }: Job): void => {
      Object.assign(spec, { completionMode: 'Indexed', completions: 2, parallelism: 2 });
    };
    expect(updateErrors(({ spec }) => Object.assign(spec, { completions: 4, parallelism: 4 }), indexed)).toEqual([]);
    expect(updateErrors(({ spec }) => (spec.completions = 4), indexed)).toEqual([
      'spec.completions: can only be modified in tandem with spec.parallelism',
    ]);
  });

  it('KIND-16: counters grow and ends stay', () => {
    expect(statusErrors({ ...times, succeeded: 1, conditions: complete }, { startTime: times.startTime })).toEqual([]);
    expect(statusErrors({ failed: 1 }, { failed: 2 })).toEqual(['status.failed: cannot decrease the failed counter']);
    expect(statusErrors({ startTime: times.startTime, conditions: [met] }, { ...times, conditions: complete })).toEqual(
      ['status.conditions: cannot disable the terminal Complete=True condition'],
    );
    expect(statusErrors({ ...times, active: 1, conditions: complete })).toEqual([
      'status.active: active>0 is invalid for finished job',
    ]);
  });

  it.each<readonly [string, Job['status'], Job['status'], readonly string[]]>([
    [
      'ends that nothing led to',
      { startTime: times.startTime, conditions: [{ type: 'Failed', status: 'True' }] },
      {},
      ['status.conditions: cannot set Failed=True condition without the FailureTarget=true condition'],
    ],
    [
      'Pods that are counted twice or after the end',
      { ...times, conditions: complete, uncountedTerminatedPods: { succeeded: ['a', ''], failed: ['a'] } },
      {},
      [
        'status.uncountedTerminatedPods.succeeded[1]: must not be empty',
        'status.uncountedTerminatedPods.failed[0]: ',
        'status.uncountedTerminatedPods: must be empty for finished job',
      ],
    ],
    [
      'indexes of a Job without',
      { completedIndexes: '0', failedIndexes: '0' },
      {},
      [
        'status.completedIndexes: cannot set non-empty completedIndexes when non-indexed completion mode',
        'status.failedIndexes: cannot set non-null failedIndexes when backoffLimitPerIndex is null',
        'status.failedIndexes: failedIndexes and completedIndexes overlap at index: 0',
      ],
    ],
    [
      'more that are ready than there are',
      { active: 1, ready: 2 },
      {},
      ['status.ready: cannot set more ready pods than active'],
    ],
    [
      'times that move',
      { startTime: '2026-01-01T00:00:09Z', completionTime: times.startTime, conditions: complete },
      { ...times, conditions: complete },
      [
        'status.completionTime: must be equal to or after `startTime`',
        'status.completionTime: field is immutable',
        'status.startTime: field is immutable for unsuspended job once set',
      ],
    ],
  ])('KIND-69: a status tells of %s', (_what, now, before, expected) => {
    expect(statusErrors(now, before)).toEqual(expected);
  });

  it('KIND-69: what was wrong before and stays is not told again', () => {
    const wrong = { active: 1, ready: 2, completedIndexes: '0', conditions: [{ type: 'Failed', status: 'True' }] };
    expect(statusErrors({ ...wrong, failed: 3 }, wrong)).toEqual([]);
  });

  it('KIND-69: the template is shown as upstream holds it, and of a suspended Job resources may change', () => {
    const grow = ({ spec }: Job): void => {
      Object.assign(spec.template.spec?.containers[0] ?? {}, { resources: { requests: { cpu: '2' } } });
    };
    const suspended = ({ spec }: Job): void => {
      spec.suspend = true;
    };
    const told = (change: (job: Job) => void, before: (job: Job) => void): string[] => {
      const now = job(before);
      change(now);
      return (jobStrategy.validateUpdate?.(now, job(before), CONTEXT) ?? []).map(formatFieldError);
    };
    const [refusal, ...others] = told(grow, () => {});
    expect(refusal).toMatch(
      /^spec.template: Invalid value: {"labels":{.*},"Spec":{"Volumes":null,.*}: field is immutable$/,
    );
    expect(others).toEqual([]);
    expect(told(grow, suspended)).toEqual([]);
    const rename = ({ spec }: Job): void => {
      Object.assign(spec.template.spec ?? {}, { hostname: 'h' });
    };
    expect(told(rename, suspended)).toEqual([
      expect.stringMatching(/^spec.template.spec: Invalid value: {"Volumes":null,.*: field is immutable$/),
    ]);
  });

  it('KIND-16: lists of indexes rise', () => {
    expect(indexCount('1,3-5,7', 8)).toBe(5);
    expect(() => indexCount('3,1', 8)).toThrow('non-increasing order, previous: 3, current: 1');
    expect(firstOverlap('1,3-5', '0,2,5-7', 8)).toBe(5);
    expect(firstOverlap('1,3-5', '0,x,6-7', 8)).toBeUndefined();
  });
});
