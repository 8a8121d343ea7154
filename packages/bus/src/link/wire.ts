/**
 * What the bus needs of a NATS connection: the port behind which the official client stands.
 */
export interface WireMessage {
  readonly subject: string;
  readonly reply?: string;
  readonly data: Uint8Array;
}

export interface WireSubscription {
  stop(): void;
}

export interface Wire {
  publish(subject: string, data: Uint8Array, reply?: string): void;
  subscribe(subject: string, onMessage: (message: WireMessage) => void, queue?: string): WireSubscription;
  /** Tells of lost and regained connections. */
  onConnected(listener: (connected: boolean) => void): void;
  /** Tells of publications that the server refused. */
  onDenied(listener: (subject: string) => void): void;
  /** Resolves when the server has seen all that was sent. */
  flush(): Promise<void>;
  close(): Promise<void>;
}
