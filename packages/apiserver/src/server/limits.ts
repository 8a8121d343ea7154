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
  /** Headers must have come in by then (slow-loris): upstream's ReadHeaderTimeout. */
  headersTimeout: 32_000,
  /** The whole request must have come in by then: upstream's --request-timeout. */
  requestTimeout: 60_000,
  /** HTTP/1.1 requests that nobody reads the body of end here: a little later, so that the API's own answer comes first. */
  unreadTimeout: 65_000,
  handshakeTimeout: 10_000,
  /** Streams of one HTTP/2 connection: upstream's default. */
  concurrentStreams: 100,
  /** Requests that one HTTP/1.1 connection may send ahead of the answers; they are answered one after the other. */
  pipelined: 32,
  /** Answers from this size on are compressed for those who accept it (upstream: defaultGzipThresholdBytes). */
  gzipThreshold: 128 * 1024,
  /** How long `stop` waits for answers under way. */
  drain: 2_000,
  /** Connections at once; one more takes the place of the one that has been idle longest. */
  connections: 4_096,
  /** Connections whose TLS handshake is not done; one more takes the place of the oldest. */
  handshakes: 512,
  /** Handshakes that begin in one turn of the event loop: each costs about a millisecond. */
  handshakesPerTurn: 4,
  /** How often connections are looked at. */
  sweep: 5_000,
  /** A connection whose reader takes nothing for so long, although something waits for it, is cut. */
  stalledWrites: 60_000,
  /** A watch whose reader takes nothing for so long is ended. */
  stalledWatch: 20_000,
  /** TCP asks a silent peer after so long whether it is there; Node then asks ten times, once a second. */
  tcpKeepAlive: 60_000,
  /** An HTTP/2 connection is asked for a sign this often, and cut when it gave none for `pingSilence`. */
  pingInterval: 30_000,
  pingSilence: 120_000,
} as const;

/** Who may take how much of the server at once. */
export const FlowLimits = {
  /** Upstream's --max-requests-inflight and --max-mutating-requests-inflight; levels divide the sum of them. */
  readOnly: 400,
  mutating: 200,
  /** Requests that wait altogether, whatever the levels allow: one of upstream's levels of 128 queues of 50. */
  queued: 6_400,
  /** A request that waited so long gets 429 (upstream: a quarter of --request-timeout). */
  queueWait: 15_000,
  /** What HTTPS requests may take of one turn of the event loop before the rest wait for the next, milliseconds. */
  turn: 5,
  /** What a queue may take before it is the next one's turn, milliseconds. */
  quantum: 1,
  /** Refusals of one turn: they are cheap, not free. */
  refusalsPerTurn: 50,
  /** Bytes of request bodies that are held: for one user, and altogether. */
  userBodyBytes: 32 * 1024 * 1024,
  bodyBytes: 128 * 1024 * 1024,
  /** Bytes of large answers that their readers have not taken: for one user, and altogether. */
  userUnsentBytes: 64 * 1024 * 1024,
  unsentBytes: 256 * 1024 * 1024,
  /** Smaller answers are not counted. */
  largeAnswer: 64 * 1024,
} as const;
