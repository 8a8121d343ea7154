/**
 * The limits of the HTTP side, in one place. Times are real milliseconds, sizes bytes.
 */
export const HttpLimits = {
  /** Upstream's MaxRequestBodyBytes. */
  bodyBytes: 3 * 1024 * 1024,
  /** Request line and headers together: kubectl sends long bearer tokens and long impersonation lists. */
  headerBytes: 256 * 1024,
  /** An idle connection is kept this long: client-go re-uses connections for minutes. */
  keepAlive: 5 * 60_000,
  /** Headers must have come in by then (slow-loris). */
  headersTimeout: 30_000,
  /** The whole request must have come in by then: upstream's --request-timeout. */
  requestTimeout: 60_000,
  handshakeTimeout: 10_000,
  /** Streams of one HTTP/2 connection: upstream's default. */
  concurrentStreams: 100,
  /** Answers from this size on are compressed for those who accept it (upstream: defaultGzipThresholdBytes). */
  gzipThreshold: 128 * 1024,
  /** How long `stop` waits for answers under way. */
  drain: 2_000,
} as const;
