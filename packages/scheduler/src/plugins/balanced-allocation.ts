/**
 * Rather where CPU and memory would be used in like shares (upstream: pkg/scheduler/framework/plugins/noderesources,
 * balanced_allocation.go). Pods that request neither are not scored.
 */
import { MAX_NODE_SCORE, type Plugin } from '../framework/plugin.ts';

export const balancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  preScore: (_state, { requests }) => (requests.milliCpu === 0 && requests.memory === 0 ? 'skip' : undefined),
  score(_state, { requests }, { allocatable, requested }) {
    // One resource alone, or none, is always in balance.
    if (allocatable.milliCpu === 0 || allocatable.memory === 0) return MAX_NODE_SCORE;
    const cpu = Math.min(1, (requested.milliCpu + requests.milliCpu) / allocatable.milliCpu);
    const memory = Math.min(1, (requested.memory + requests.memory) / allocatable.memory);
    return Math.floor((1 - Math.abs(cpu - memory) / 2) * MAX_NODE_SCORE);
  },
};
