export { type Assembled, type AssembleOptions, assembleScheduler, DEFAULT_SCHEDULER_NAME } from './assemble.ts';
export { type Decision, explain, type NodeVerdict } from './cycle/decision-log.ts';
export type { SchedulerApi } from './cycle/scheduler-api.ts';
export { type RunSchedulerOptions, runScheduler } from './run-scheduler.ts';
