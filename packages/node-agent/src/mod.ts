export { clusterApi } from './api/cluster-api.ts';
export { Machine, type MachineOptions } from './node/machine.ts';
export { NodeAgent, type NodeAgentOptions, type NodeApi } from './node/node-agent.ts';
export { type RunNodeOptions, runNode } from './node/run-node.ts';
export { type ServeNodeOptions, serveNode } from './server/serve-node.ts';
export { DirectoryDisk, MemoryDisk, type NodeDisk } from './storage/node-disk.ts';
