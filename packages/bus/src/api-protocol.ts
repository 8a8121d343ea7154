/**
 * The Kubernetes API over the bus: HTTP's meaning, msgpack's encoding. Service name: API_SERVICE.
 *
 * A unary request is a `call`: ApiRequest in, ApiResponse out. A watch (or a followed log) is an `open`: the first
 * response is an ApiResponse (200, or an error with its Status as body); then each frame holds the bytes that HTTP would
 * have sent in the body: for a watch, one or more msgpack arrays [type, object], back to back.
 */
export const API_SERVICE = 'api';

/**
 * Media type of msgpack bodies in requests and answers. Objects are plain maps, numbers and strings as in JSON. Answers
 * leave out metadata.managedFields; a write without them keeps the stored ones, over the bus as over HTTP.
 */
export const MSGPACK = 'application/msgpack';

export interface ApiRequest {
  /** GET, POST, PUT, PATCH, DELETE */
  readonly method: string;
  /** Path and query, as in a URL. */
  readonly url: string;
  /** Lower-case names: accept, content-type, user-agent. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export interface ApiResponse {
  readonly code: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** The bus service name of a node-agent. */
export function nodeService(nodeName: string): string {
  return `node.${nodeName}`;
}

/** The Pod that a request is about. */
interface PodTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string;
}

export interface LogsRequest extends PodTarget {
  readonly op: 'logs';
  readonly container: string;
  readonly previous: boolean;
  readonly follow: boolean;
  readonly timestamps: boolean;
  /** Both when left out. */
  readonly stream?: 'stdout' | 'stderr';
  readonly tailLines?: number;
  readonly sinceSeconds?: number;
  /** RFC 3339 */
  readonly sinceTime?: string;
  readonly limitBytes?: number;
}

export interface ProcessRequest extends PodTarget {
  readonly op: 'exec' | 'attach';
  readonly container: string;
  /** Empty for attach. */
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** Holds on to a Pod's sandbox: the stream has no frames and ends when the sandbox is gone. */
export interface PortForwardRequest extends PodTarget {
  readonly op: 'port-forward';
}

/** Connects to a port on the Pod's loopback interface. A refusal's message is the container runtime's. */
export interface ConnectRequest extends PodTarget {
  readonly op: 'connect';
  readonly port: number;
}

/** Connects to an address that this node answers for, as from outside the cluster. A refusal's message is connect(2)'s. */
export interface DialRequest {
  readonly op: 'dial';
  readonly ip: string;
  readonly port: number;
}

/** A connection to the kubelet's own HTTP server. */
export interface KubeletRequest {
  readonly op: 'kubelet';
}

/** What an apiserver asks of a node-agent. Answered on `nodeService(name)`, always as a stream. */
export type NodeRequest =
  | LogsRequest
  | ProcessRequest
  | PortForwardRequest
  | ConnectRequest
  | DialRequest
  | KubeletRequest;

/** The acceptor's first answer: msgpack of this. On `ok: false` no frames follow and the apiserver answers `code`. */
export type NodeResponse =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: number; readonly message: string };

/**
 * Frames of a logs stream are raw log bytes, those of connections raw bytes both ways. Frames of exec and attach, both ways, start with one channel byte, as in
 * Kubernetes' v5.channel.k8s.io: 0 stdin, 1 stdout, 2 stderr, 3 a JSON Status that ends the stream, 4 a JSON terminal
 * size {"Width":80,"Height":24}, 255 followed by a channel number: that channel is closed.
 */
export const Channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;
