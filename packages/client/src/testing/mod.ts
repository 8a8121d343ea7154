export { type Change, MemoryStore } from './memory-store.ts';
export { MemoryTransport, type MemoryTransportOptions } from './memory-transport.ts';
