export {
  API_SERVICE,
  type ApiRequest,
  type ApiResponse,
  Channel,
  type ConnectRequest,
  type DialRequest,
  type KubeletRequest,
  type LogsRequest,
  MSGPACK,
  type NodeRequest,
  type NodeResponse,
  nodeService,
  type PortForwardRequest,
  type ProcessRequest,
} from './api-protocol.ts';
export { type Broker, type BrokerOptions, startBroker } from './broker/broker.ts';
export type { BrokerLimits } from './broker/limits.ts';
export { decode, decodeAll, encode } from './codec.ts';
export { type ConnectBusOptions, connectBus } from './connect-bus.ts';
export {
  type BusConnection,
  BusError,
  type BusErrorCode,
  type BusFigures,
  type BusStream,
  type CallOptions,
  type IncomingCall,
  type Served,
  type ServeOptions,
} from './connection.ts';
export { type AskEndpointOptions, askEndpoint } from './faults/ask-endpoint.ts';
export type { EndpointControl, PreparedFreeze } from './faults/endpoint-control.ts';
export type { ExemptLine } from './faults/exempt-line.ts';
export {
  FaultDesk,
  type FaultDeskOptions,
  type FaultList,
  type FaultReport,
  type FaultView,
  type FrozenView,
  type LinkRequest,
  type PartitionRequest,
} from './faults/fault-desk.ts';
export { FaultDeskError, type FaultDeskErrorCode } from './faults/fault-desk-error.ts';
export { COMPONENT_USERS, endpointName, endpointUser } from './faults/fault-names.ts';
export {
  type ActiveFault,
  type FaultAnswer,
  type FaultCommand,
  FaultError,
  type LinkEffect,
  type LinkFault,
  LONGEST_DELAY_MS,
  LONGEST_FAULT_MS,
  LONGEST_NAME,
  MOST_FAULTS,
  MOST_PEERS,
} from './faults/fault-protocol.ts';
export { effectInShort } from './faults/fault-words.ts';
export { type ProcessControlOptions, processControl } from './faults/process-control.ts';
export {
  type BusTrust,
  createBusAccount,
  credentialsFile,
  mintCredentials,
  readBusTrust,
  revokeCredentials,
} from './identity/account.ts';
export { type BusPermissions, permissionsFor, type SubjectPermissions } from './identity/permissions.ts';
export { joinConnections } from './join-connections.ts';
export type { LinkLimits } from './link/limits.ts';
export { SocketDuplex } from './socket-duplex.ts';
export { StreamDuplex } from './stream-duplex.ts';
export { escapeToken, FAULT_INJECTOR_USER, unescapeToken } from './subjects.ts';
