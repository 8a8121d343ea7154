export {
  API_SERVICE,
  type ApiRequest,
  type ApiResponse,
  Channel,
  MSGPACK,
  type NodeRequest,
  type NodeResponse,
  nodeService,
} from './api-protocol.ts';
export { type Broker, type BrokerOptions, startBroker } from './broker/broker.ts';
export type { BrokerLimits } from './broker/limits.ts';
export { decode, decodeAll, encode } from './codec.ts';
export { type ConnectBusOptions, connectBus } from './connect-bus.ts';
export {
  type BusConnection,
  BusError,
  type BusErrorCode,
  type BusStream,
  type CallOptions,
  type IncomingCall,
  type Served,
  type ServeOptions,
} from './connection.ts';
export {
  type BusTrust,
  createBusAccount,
  credentialsFile,
  mintCredentials,
  readBusTrust,
  revokeCredentials,
} from './identity/account.ts';
export { type BusPermissions, permissionsFor, type SubjectPermissions } from './identity/permissions.ts';
export type { LinkLimits } from './link/limits.ts';
export { escapeToken, unescapeToken } from './subjects.ts';
