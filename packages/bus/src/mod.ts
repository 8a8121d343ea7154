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
export { decode, decodeAll, encode } from './codec.ts';
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
