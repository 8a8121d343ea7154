/**
 * Keeps a process's cluster clock as the cluster has it: ConfigMap kube-system/regatta-clock, `data.timeline`.
 * A timeline that can't be read is logged and ignored: the clock goes on as before.
 */
import { type ConfigMap, resourceName } from '@regatta/api';
import { type ClusterClock, type Logger, parseTimeline } from '@regatta/runtime';
import type { ApiClient } from './api-client.ts';
import { Informer } from './informer/informer.ts';
import { resources } from './resources.ts';

export const CLOCK_NAMESPACE = 'kube-system';
export const CLOCK_CONFIG_MAP = 'regatta-clock';

/**
 * @returns once the timeline is known for the first time; it is followed until the signal aborts
 * @throws the signal's reason when it aborts before
 */
export function followClusterClock(
  client: ApiClient,
  clock: ClusterClock,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const informer = new Informer<ConfigMap>({
    client: client.resource(resources.configMaps),
    clock: clock.real,
    logger,
    namespace: CLOCK_NAMESPACE,
    fieldSelector: `metadata.name=${CLOCK_CONFIG_MAP}`,
  });
  return new Promise((resolve, reject) => {
    const take = (map: ConfigMap): void => {
      if (applyTimeline(map, clock, logger)) resolve();
    };
    informer.addHandler({ onAdd: take, onUpdate: take });
    informer.run(signal).then(() => reject(signal.reason), reject);
  });
}

function applyTimeline(map: ConfigMap, clock: ClusterClock, logger: Logger): boolean {
  try {
    clock.apply(parseTimeline(map.data?.['timeline'] ?? ''));
    return true;
  } catch (error) {
    const name = `${resourceName(resources.configMaps)} ${CLOCK_NAMESPACE}/${CLOCK_CONFIG_MAP}`;
    logger.error('the cluster clock cannot be read', { name, error });
    return false;
  }
}
