export { ApiClient, type ApiClientOptions, type RawRequest } from './api-client.ts';
export { type AnyClock, elapsed, realClock } from './elapsed.ts';
export { EventRecorder, type EventRecorderOptions, type EventType } from './events/event-recorder.ts';
export { EventsV1Recorder, type EventV1Details } from './events/events-v1-recorder.ts';
export { type EventSubject, referenceOf } from './events/object-reference.ts';
export { CLOCK_CONFIG_MAP, CLOCK_NAMESPACE, followClusterClock } from './follow-cluster-clock.ts';
export { Informer, type InformerHandler, type InformerOptions } from './informer/informer.ts';
export { type IndexFunction, ObjectIndex } from './informer/object-index.ts';
export { Reflector, type ReflectorOptions, type ReflectorSink } from './informer/reflector.ts';
export { LeaderElector, type LeaderElectorOptions } from './leader-elector.ts';
export type {
  ListOptions,
  PatchOptions,
  PatchType,
  RemoveOptions,
  Selection,
  WatchOptions,
  WriteOptions,
} from './list-options.ts';
export { runWorkers } from './queue/run-workers.ts';
export { WorkQueue, type WorkQueueOptions } from './queue/work-queue.ts';
export { type ListResult, ResourceClient } from './resource-client.ts';
export { resources } from './resources.ts';
export { formatMicroTime, formatTime } from './timestamps.ts';
export { BusTransport } from './transport/bus-transport.ts';
export { HttpTransport, type HttpTransportOptions } from './transport/http-transport.ts';
export { jsonCodec } from './transport/json-codec.ts';
export type { Codec, RawWatchEvent, Transport, TransportRequest } from './transport/transport.ts';
export { isUnanswered } from './transport/unanswered.ts';
export type { WatchEvent } from './watch-event.ts';
