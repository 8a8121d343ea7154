/**
 * A process that watches ConfigMaps over the bus, many times over, and tells what each watch saw: so that a test can stop
 * it (SIGSTOP) as a machine stops. Started by frozen-watcher.ts; its options are its first argument.
 */
import { connectBus, type LinkLimits } from '@regatta/bus';
import { ApiClient, BusTransport, Reflector, resources } from '@regatta/client';
import { SystemClock, silentLogger, systemRandom } from '@regatta/runtime';

export interface WatchingProcessOptions {
  readonly servers: string;
  readonly credentialsFile: string;
  readonly user: string;
  readonly as: string;
  readonly watches: number;
  readonly limits: Partial<LinkLimits>;
}

/** Names of the objects that each watch was told of, in order; `lists` counts how often they all began anew. */
export interface WatchingReport {
  readonly seen: readonly (readonly string[])[];
  readonly lists: number;
}

async function main(): Promise<void> {
  const options = JSON.parse(process.argv[2] ?? '') as WatchingProcessOptions;
  const clock = new SystemClock();
  const bus = await connectBus({ ...options, clock, logger: silentLogger });
  const client = new ApiClient(new BusTransport(bus), { userAgent: 'watcher', as: options.as });
  const seen: string[][] = Array.from({ length: options.watches }, () => []);
  let lists = 0;
  for (const names of seen) {
    const sink = {
      replace: (): void => void lists++,
      apply: ({ type, object }: { type: string; object: { metadata: { name?: string } } }): void =>
        void names.push(`${type} ${object.metadata.name}`),
    };
    const common = { clock, random: systemRandom, logger: silentLogger, namespace: 'kube-system' };
    const reflector = new Reflector({ ...common, client: client.resource(resources.configMaps) }, sink);
    void reflector.run(new AbortController().signal);
  }
  process.on('message', () => process.send?.({ seen, lists } satisfies WatchingReport));
  process.on('disconnect', () => process.exit(0));
}

void main();
