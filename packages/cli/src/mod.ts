export type { Io } from './io.ts';
export type { TerminalPort } from './live/terminal-port.ts';
export { freePort } from './ports.ts';
export { type ProgramOptions, runCli } from './program.ts';
export { type ClusterState, type Milestone, MilestoneWatcher } from './story/milestones.ts';
export { afterLoss, afterReturn, busiestNode, isServing } from './story/node-loss.ts';
