/**
 * The node-agent's command line.
 */
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import type { Taint } from '@regatta/api';
import { type HealthAddress, parseHealthAddress } from '@regatta/runtime';
import { DEFAULT_MACHINE, Machine } from './node/machine.ts';

export const USAGE =
  'usage: node-agent --bus URL --credentials FILE --name NAME --ip ADDRESS --node-dir DIR\n' +
  '   or: node-agent --join https://APISERVER:6443 --join-token-file FILE --ca-file FILE [--name HOSTNAME] --node-dir DIR\n' +
  '  [--cpu 4] [--memory 16Gi] [--pods 110] [--ephemeral-storage 100Gi] [--labels a=b,c=d]\n' +
  '  [--register-with-taints key=value:Effect,…] [--cluster-dns 10.96.0.10] [--health-address HOST:PORT]\n' +
  '  [--images DIR]: images of your own, a folder each (also REGATTA_IMAGES_DIR; docs/guides/images.md)\n' +
  '  [--static-pods DIR]: manifests of Pods that run without the API (NODE-DIR/manifests)\n' +
  '  [--count N --name-prefix NAME-]: N machines NAME-1 … in one process; {name} in --credentials stands for each name';

export interface NodeAgentArguments {
  readonly place: GivenPlace | JoinPlace;
  /** Undefined for machines whose disk is gone with the process. */
  readonly nodeDir: string | undefined;
  /** The folder of the machine's static Pods; `manifests` in its node folder where it is left out. */
  readonly staticPods: string | undefined;
  /** A folder of images of one's own. */
  readonly images: string | undefined;
  readonly taints: readonly Taint[];
  readonly clusterDns: string | undefined;
  readonly healthAddress: HealthAddress | undefined;
}

/** Whoever starts the machines has given them their identities. */
export interface GivenPlace {
  readonly kind: 'given';
  readonly bus: string;
  /** The credentials file of a node. */
  credentials(nodeName: string): string;
  readonly machines: readonly Machine[];
}

/** The machine gets its identity from the API server. */
export interface JoinPlace {
  readonly kind: 'join';
  readonly url: string;
  readonly tokenFile: string;
  readonly caFile: string;
  readonly name: string;
  readonly nodeDir: string;
  machine(name: string, ip: string): Machine;
}

export class ArgumentError extends Error {
  readonly code = 'arguments';
}

const MOST_MACHINES = 1000;

/** @throws ArgumentError with one clear sentence */
export function parseArguments(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {},
): NodeAgentArguments {
  const values = read(argv);
  return {
    place: values.join === undefined ? givenPlace(values) : joinPlace(values, values.join),
    nodeDir: values['node-dir'],
    staticPods: values['static-pods'],
    images: values.images ?? (environment['REGATTA_IMAGES_DIR'] || undefined),
    taints: parseTaints(values['register-with-taints'] ?? ''),
    clusterDns: values['cluster-dns'],
    healthAddress: healthAddress(values['health-address']),
  };
}

function givenPlace(values: Values): GivenPlace {
  const { bus, credentials } = values;
  if (!bus) throw new ArgumentError('--bus is missing');
  if (!credentials) throw new ArgumentError('--credentials is missing');
  return {
    kind: 'given',
    bus,
    credentials: (name) => credentials.replaceAll('{name}', name),
    machines: namesAndAddresses(values).map(({ name, ip }) => makeMachine(values, name, ip)),
  };
}

function joinPlace(values: Values, url: string): JoinPlace {
  const {
    'join-token-file': tokenFile,
    'ca-file': caFile,
    'node-dir': nodeDir,
    name = hostname().toLowerCase(),
  } = values;
  if (!url.startsWith('https://')) throw new ArgumentError('--join takes the https:// address of the API server');
  if (!tokenFile) throw new ArgumentError('--join-token-file is missing');
  if (!caFile) throw new ArgumentError('--ca-file is missing');
  if (!nodeDir) throw new ArgumentError('--node-dir is missing');
  for (const flag of ['bus', 'credentials', 'ip', 'count'] as const) {
    if (values[flag] !== undefined) throw new ArgumentError(`--${flag} does not go with --join`);
  }
  const machine = (name: string, ip: string): Machine => makeMachine(values, name, ip);
  machine(name, '0.0.0.0'); // wrong quantities are told now, not once it is let in
  return { kind: 'join', url, tokenFile, caFile, name, nodeDir, machine };
}

function healthAddress(text: string | undefined): HealthAddress | undefined {
  try {
    return text === undefined ? undefined : parseHealthAddress(text);
  } catch (error) {
    throw new ArgumentError(error instanceof Error ? error.message : String(error), { cause: error });
  }
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
        'static-pods': text,
        images: text,
        cpu: { ...text, default: DEFAULT_MACHINE.cpu },
        memory: { ...text, default: DEFAULT_MACHINE.memory },
        pods: { ...text, default: DEFAULT_MACHINE.pods },
        'ephemeral-storage': { ...text, default: DEFAULT_MACHINE.ephemeralStorage },
        labels: text,
        'register-with-taints': text,
        'cluster-dns': text,
        count: text,
        'name-prefix': text,
        join: text,
        'join-token-file': text,
        'ca-file': text,
        'health-address': text,
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
