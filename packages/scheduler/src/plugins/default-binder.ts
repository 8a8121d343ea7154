/** Binds through the API (upstream: pkg/scheduler/framework/plugins/defaultbinder). */
import type { SchedulerApi } from '../cycle/scheduler-api.ts';
import type { Plugin } from '../framework/plugin.ts';

export function defaultBinder(api: SchedulerApi): Plugin {
  return {
    name: 'DefaultBinder',
    async bind(_state, { pod }, nodeName, signal) {
      try {
        await api.bind(pod, nodeName, signal);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new Error(`running Bind plugin "DefaultBinder": ${why}`, { cause: error });
      }
      return true;
    },
  };
}
