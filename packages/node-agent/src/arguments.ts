/**
 * The node-agent's command line.
 */
import { parseArgs } from 'node:util';
import type { Taint } from '@regatta/api';
import { DEFAULT_MACHINE, Machine } from './node/machine.ts';

export const USAGE =
  'usage: node-agent --bus URL --credentials FILE --name NAME --ip ADDRESS --node-dir DIR\n' +
  '  [--cpu 4] [--memory 16Gi] [--pods 110] [--ephemeral-storage 100Gi] [--labels a=b,c=d]\n' +
  '  [--register-with-taints key=value:Effect,…] [--cluster-dns 10.96.0.10]\n' +
  '  [--count N --name-prefix NAME-]: N machines NAME-1 … in one process; {name} in --credentials stands for each name';

export interface NodeAgentArguments {
  readonly bus: string;
  /** The credentials file of a node. */
  credentials(nodeName: string): string;
  /** Undefined for machines whose disk is gone with the process. */
  readonly nodeDir: string | undefined;
  readonly machines: readonly Machine[];
  readonly taints: readonly Taint[];
  readonly clusterDns: string | undefined;
}

export class ArgumentError extends Error {
  readonly code = 'arguments';
}

const MOST_MACHINES = 1000;

/** @throws ArgumentError with one clear sentence */
export function parseArguments(argv: readonly string[]): NodeAgentArguments {
  const values = read(argv);
  const { bus, credentials } = values;
  if (!bus) throw new ArgumentError('--bus is missing');
  if (!credentials) throw new ArgumentError('--credentials is missing');
  return {
    bus,
    credentials: (name) => credentials.replaceAll('{name}', name),
    nodeDir: values['node-dir'],
    machines: namesAndAddresses(values).map(({ name, ip }) => makeMachine(values, name, ip)),
    taints: parseTaints(values['register-with-taints'] ?? ''),
    clusterDns: values['cluster-dns'],
  };
}

type Values = ReturnType<typeof read>;

function read(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...argv],
      options: {
        bus: text,
        credentials: text,
        name: text,
        ip: text,
        'node-dir': text,
        cpu: { ...text, default: DEFAULT_MACHINE.cpu },
        memory: { ...text, default: DEFAULT_MACHINE.memory },
        pods: { ...text, default: DEFAULT_MACHINE.pods },
        'ephemeral-storage': { ...text, default: DEFAULT_MACHINE.ephemeralStorage },
        labels: text,
        'register-with-taints': text,
        'cluster-dns': text,
        count: text,
        'name-prefix': text,
      },
    }).values;
  } catch (error) {
    throw new ArgumentError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function namesAndAddresses(values: Values): { readonly name: string; readonly ip: string }[] {
  if (values.count === undefined) {
    const { name, ip } = values;
    if (!name) throw new ArgumentError('--name is missing');
    if (!ip) throw new ArgumentError('--ip is missing');
    if (!values['node-dir']) throw new ArgumentError('--node-dir is missing');
    return [{ name, ip }];
  }
  const count = Number(values.count);
  const prefix = values['name-prefix'];
  if (!Number.isInteger(count) || count < 1 || count > MOST_MACHINES) {
    throw new ArgumentError(`--count ${values.count} is not a number from 1 to ${MOST_MACHINES}`);
  }
  if (!prefix) throw new ArgumentError('--name-prefix is missing');
  return Array.from({ length: count }, (_, i) => ({
    name: `${prefix}${i + 1}`,
    ip: hostAddress(values.ip ?? '10.0.0.1', i),
  }));
}

/** The i-th address from `first` on. */
function hostAddress(first: string, i: number): string {
  const start = first.split('.').reduce((sum, part) => sum * 256 + Number(part), i);
  return [24, 16, 8, 0].map((shift) => Math.floor(start / 2 ** shift) % 256).join('.');
}

function makeMachine(values: Values, name: string, ip: string): Machine {
  const { cpu, memory, pods } = values;
  const labels = Object.fromEntries(pairs(values.labels ?? '').map(({ key, value }) => [key, value]));
  try {
    return new Machine({ name, ip, cpu, memory, pods, ephemeralStorage: values['ephemeral-storage'], labels });
  } catch (error) {
    throw new ArgumentError(`not a quantity among --cpu ${cpu}, --memory ${memory}, --pods ${pods}`, { cause: error });
  }
}

function pairs(text: string): { readonly key: string; readonly value: string }[] {
  return text
    .split(',')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      return equals < 0 ? { key: pair, value: '' } : { key: pair.slice(0, equals), value: pair.slice(equals + 1) };
    });
}

function parseTaints(text: string): Taint[] {
  return pairs(text).map(({ key, value }) => {
    const whole = value === '' ? key : `${key}=${value}`;
    const colon = whole.lastIndexOf(':');
    if (colon < 0)
      throw new ArgumentError(
        `--register-with-taints ${whole}: a taint ends in :NoSchedule, :PreferNoSchedule or :NoExecute`,
      );
    const [name = '', content = ''] = whole.slice(0, colon).split('=');
    return { key: name, ...(content === '' ? {} : { value: content }), effect: whole.slice(colon + 1) };
  });
}
