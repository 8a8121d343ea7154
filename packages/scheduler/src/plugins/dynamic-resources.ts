/**
 * The place of dynamic resource allocation (upstream: pkg/scheduler/framework/plugins/dynamicresources). Resource claims
 * are not supported yet; what upstream says of every Pod that fits nowhere and has none is said here.
 */
import type { Plugin } from '../framework/plugin.ts';

export const dynamicResources: Plugin = {
  name: 'DynamicResources',
  postFilter: () => ({ message: 'no new claims to deallocate', success: false }),
};
