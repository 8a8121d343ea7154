export { type ControllerOptions, makeControllers } from './controllers.ts';
export type { NodeLoss } from './node-lifecycle/pod-marker.ts';
export { type RunOptions, runControllers } from './run-controllers.ts';
