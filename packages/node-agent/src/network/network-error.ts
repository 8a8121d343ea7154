/**
 * How the emulated network fails, by the names of errno and getaddrinfo.
 */
export type NetworkErrorCode =
  | 'ECONNREFUSED'
  | 'ECONNRESET'
  | 'EHOSTUNREACH'
  | 'ENETUNREACH'
  | 'EADDRINUSE'
  | 'EPIPE'
  | 'ETIMEDOUT'
  | 'EADDRNOTAVAIL'
  | 'EMSGSIZE'
  /** The name doesn't exist. */
  | 'ENOTFOUND'
  /** No name server has answered. */
  | 'EAI_AGAIN';

export class NetworkError extends Error {
  constructor(
    readonly code: NetworkErrorCode,
    message: string,
  ) {
    super(message);
    this.name = 'NetworkError';
  }
}

export interface Peer {
  readonly ip: string;
  readonly port: number;
}

export type Protocol = 'TCP' | 'UDP' | 'SCTP';
