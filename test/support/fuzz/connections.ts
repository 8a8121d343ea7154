/**
 * Broken connections: frames of WebSockets that stand, HTTP/1.1 that is none, bodies that stop half way, HTTP/2 sessions that
 * do what no client does.
 *
 * Each ends by itself or is cut off after a moment; what is told is only whether the server still answers others.
 */
import http2 from 'node:http2';
import tls from 'node:tls';
import type { Dice } from './dice.ts';

export interface FuzzTarget {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Of a Pod that runs, where there is one. */
  readonly pod: string | undefined;
}

/** Milliseconds that a broken connection is left alone. */
const PATIENCE = 40;
const HEADERS_TOO_MANY = 3000;

export class BrokenConnections {
  readonly sorts: readonly (readonly [string, () => Promise<void>])[];

  constructor(
    private readonly dice: Dice,
    private readonly target: FuzzTarget,
  ) {
    this.sorts = [
      ['frames of watches', () => this.#frames(this.#watchPath())],
      ['frames of streams', () => this.#frames(this.#streamPath())],
      ['HTTP/1.1 that is none', () => this.#bytes(this.#nonsense())],
      ['bodies that stop', () => this.#bytes(this.#halfBody())],
      ['HTTP/2 sessions', () => this.#session()],
    ];
  }

  #watchPath(): string {
    return this.dice.pick([
      '/api/v1/namespaces/default/configmaps?watch=1',
      '/api/v1/pods?watch=1&allowWatchBookmarks=1',
    ]);
  }

  #streamPath(): string {
    if (this.target.pod === undefined) return this.#watchPath();
    const pod = `/api/v1/namespaces/default/pods/${this.target.pod}`;
    return this.dice.pick([
      `${pod}/exec?command=sh&stdin=1&stdout=1&stderr=1`,
      `${pod}/attach?stdin=1&stdout=1`,
      `${pod}/portforward?ports=80`,
      `${pod}/exec?command=cat&stdin=1&tty=1&stdout=1`,
    ]);
  }

  async #frames(path: string): Promise<void> {
    const protocol = this.dice.pick([
      'v5.channel.k8s.io',
      'v4.channel.k8s.io',
      'base64.binary.k8s.io',
      'SPDY/3.1+portforward.k8s.io',
      '',
    ]);
    const head = [
      `GET ${path} HTTP/1.1`,
      `Host: ${this.target.host}`,
      ...['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
      `Sec-WebSocket-Key: ${this.dice.bytes(16).toString('base64')}`,
      ...(protocol ? [`Sec-WebSocket-Protocol: ${protocol}`] : []),
    ];
    const frames = Array.from({ length: 1 + this.dice.roll(20) }, () => this.#frame());
    await this.#bytes([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), 'answered', ...frames]);
  }

  /** Any opcode, with or without a mask, with a length that may not be its own. */
  #frame(): Buffer {
    const { dice } = this;
    if (dice.chance(0.1)) return dice.bytes(dice.roll(200));
    const payload = dice.pick([
      dice.bytes(dice.roll(100)),
      Buffer.from([dice.roll(8), ...dice.bytes(dice.roll(60))]),
      Buffer.alloc(dice.roll(70_000), 65),
    ]);
    const first = dice.chance(0.8) ? 0x80 | dice.pick([0, 1, 2, 2, 2, 8, 9, 10]) : dice.roll(256);
    const masked = dice.chance(0.9);
    const claimed = dice.chance(0.9) ? payload.length : dice.roll(2 ** 31);
    const length =
      claimed < 126
        ? Buffer.from([claimed | (masked ? 0x80 : 0)])
        : claimed < 65_536
          ? Buffer.from([126 | (masked ? 0x80 : 0), claimed >> 8, claimed & 255])
          : Buffer.concat([Buffer.from([127 | (masked ? 0x80 : 0)]), bigEndian(claimed)]);
    const mask = masked ? dice.bytes(4) : Buffer.alloc(0);
    const data = masked ? Buffer.from(payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0))) : payload;
    return Buffer.concat([Buffer.from([first]), length, mask, data]);
  }

  #nonsense(): Buffer[] {
    const { dice } = this;
    const line = dice.pick([
      'GET / HTTP/1.1',
      'GET / HTTP/9.9',
      'PRI * HTTP/2.0',
      'GET http://x/ HTTP/1.1',
      'CONNECT a:1 HTTP/1.1',
      '\0\0\0',
      'GET /api/v1/pods',
    ]);
    const header = (): string =>
      dice.pick([
        ...[
          'Host: x',
          'Host:',
          ': x',
          'Content-Length: -1',
          'Content-Length: 5\r\nContent-Length: 6',
          'Expect: 100-continue',
        ],
        ...[
          'Transfer-Encoding: chunked',
          'Transfer-Encoding: x',
          'Upgrade: h2c',
          `X: ${'y'.repeat(dice.roll(300_000))}`,
        ],
        ...['Authorization: Bearer \u0001', 'Impersonate-User: \u00e9', 'Range: bytes=0-', 'Accept-Encoding: gzip;q=x'],
      ]);
    const body = dice.pick(['', 'ffffffffffffffff\r\nx', '5\r\nabc', 'x'.repeat(100), '\r\n'.repeat(500)]);
    return [Buffer.from(`${[line, ...dice.times(8, header)].join('\r\n')}\r\n\r\n${body}`, 'latin1')];
  }

  #halfBody(): (Buffer | 'answered')[] {
    const { dice } = this;
    const length = 1 + dice.roll(4_000_000);
    const head = `POST /api/v1/namespaces/default/configmaps?dryRun=All HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
    return [
      Buffer.from(head),
      ...dice.times(5, () => Buffer.from(`{"a":${'['.repeat(dice.roll(2000))}`).subarray(0, length - 1)),
    ];
  }

  /** Sends one after the other; `answered` waits for the first bytes of an answer. */
  #bytes(parts: readonly (Buffer | 'answered')[]): Promise<void> {
    const { host, port, ca, cert, key } = this.target;
    return new Promise((resolve) => {
      const socket = tls.connect({ host, port, ca, cert, key, ALPNProtocols: ['http/1.1'] });
      const end = setTimeout(() => socket.destroy(), 5000);
      socket.once('close', () => {
        clearTimeout(end);
        resolve();
      });
      socket.on('error', () => socket.destroy());
      socket.once('secureConnect', async () => {
        for (const part of parts) {
          if (part === 'answered') await firstOf(socket, ['data', 'close']);
          else if (!socket.destroyed) socket.write(part);
        }
        socket.resume();
        setTimeout(() => socket.destroy(), PATIENCE);
      });
    });
  }

  #session(): Promise<void> {
    const { dice } = this;
    const { host, port, ca, cert, key } = this.target;
    return new Promise((resolve) => {
      const session = http2.connect(`https://${host}:${port}`, { ca, cert, key });
      const end = setTimeout(() => session.destroy(), PATIENCE * 5);
      session.on('error', () => {});
      session.once('close', () => {
        clearTimeout(end);
        resolve();
      });
      session.once('connect', () => {
        try {
          for (let i = 0; i < 1 + dice.roll(40); i++) this.#oddStream(session);
          if (dice.chance(0.3)) session.ping(dice.bytes(8), () => {});
          if (dice.chance(0.2)) session.settings({ initialWindowSize: dice.roll(100_000), maxFrameSize: 16_384 });
          if (dice.chance(0.2)) session.goaway(dice.roll(14));
        } catch {
          // The session was cut off in between.
          session.destroy();
        }
      });
    });
  }

  #oddStream(session: http2.ClientHttp2Session): void {
    const { dice } = this;
    const many = dice.chance(0.05)
      ? Object.fromEntries(Array.from({ length: HEADERS_TOO_MANY }, (_, i) => [`x-${i}`, 'y'.repeat(100)]))
      : {};
    const stream = session.request({
      ':method': dice.pick(['GET', 'POST', 'X', 'CONNECT', 'HEAD'].slice(0, 3)),
      ':path': dice.pick(['/api/v1/namespaces/default/configmaps?dryRun=All', '/readyz', '/', '*', '', '/%zz', '//']),
      ...(dice.chance(0.3) ? { te: 'trailers', 'content-length': String(dice.roll(100)) } : {}),
      ...many,
    });
    stream.on('error', () => {});
    stream.resume();
    if (dice.chance(0.3)) stream.close(dice.roll(14));
    else if (dice.chance(0.5)) stream.end(dice.bytes(dice.roll(500)));
  }
}

function firstOf(socket: tls.TLSSocket, events: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    for (const event of events) socket.once(event, () => resolve());
  });
}

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
