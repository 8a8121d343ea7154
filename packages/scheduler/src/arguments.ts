/**
 * The scheduler's command line.
 */
import { parseArgs } from 'node:util';
import { type HealthAddress, parseHealthAddress } from '@regatta/runtime';

export const USAGE =
  'usage: scheduler --bus URL --credentials FILE [--leader-elect] [--percentage-of-nodes-to-score N] [--log-level LEVEL] [--health-address HOST:PORT]';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

export interface SchedulerArguments {
  readonly bus: string;
  readonly credentials: string;
  /** Wait for the lease kube-system/kube-scheduler: for several schedulers at once. */
  readonly leaderElect: boolean;
  readonly percentageOfNodesToScore: number;
  readonly logLevel: (typeof LEVELS)[number];
  readonly healthAddress: HealthAddress | undefined;
}

/** @throws Error that says in a sentence what is wrong */
export function parseArguments(args: readonly string[]): SchedulerArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      bus: { type: 'string' },
      credentials: { type: 'string' },
      'leader-elect': { type: 'boolean', default: false },
      'percentage-of-nodes-to-score': { type: 'string', default: '0' },
      'log-level': { type: 'string', default: 'info' },
      'health-address': { type: 'string' },
    },
  });
  if (!values.bus) throw new Error('--bus is missing');
  if (!values.credentials) throw new Error('--credentials is missing');
  const percentage = Number(values['percentage-of-nodes-to-score']);
  if (!Number.isInteger(percentage) || percentage < 0 || percentage > 100) {
    throw new Error(`--percentage-of-nodes-to-score ${values['percentage-of-nodes-to-score']} is not 0 to 100`);
  }
  const logLevel = LEVELS.find((level) => level === values['log-level']);
  if (!logLevel) throw new Error(`--log-level ${values['log-level']} is none of ${LEVELS.join(', ')}`);
  return {
    bus: values.bus,
    credentials: values.credentials,
    leaderElect: values['leader-elect'],
    percentageOfNodesToScore: percentage,
    logLevel,
    healthAddress: values['health-address'] === undefined ? undefined : parseHealthAddress(values['health-address']),
  };
}
