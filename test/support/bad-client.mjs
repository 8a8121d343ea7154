// One kind of bad client, in a process of its own so that it takes nothing from whoever measures.
//   node bad-client.mjs KIND  with the environment: PORT, and TOKEN (a bearer token) or CERT and KEY (PEM), COUNT
// Prints "ready" when it is in full swing, runs until its standard input ends, then prints what it saw as JSON.
import http2 from 'node:http2';
import net from 'node:net';
import tls from 'node:tls';

const { PORT, TOKEN, CERT, KEY } = process.env;
const count = Number(process.env['COUNT'] ?? 0);
const kind = process.argv[2] ?? '';
const saw = { answers: {}, closed: 0, failed: 0, opened: 0 };
let over = false;

const identity = CERT ? { cert: CERT, key: KEY } : {};
const authorization = TOKEN ? `Authorization: Bearer ${TOKEN}\r\n` : '';
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const note = (code) => {
  saw.answers[code] = (saw.answers[code] ?? 0) + 1;
};

function secure(protocol = 'http/1.1') {
  return new Promise((resolve, reject) => {
    const socket = tls.connect(
      { port: PORT, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: [protocol], ...identity },
      () => {
        saw.opened++;
        resolve(socket);
      },
    );
    socket.on('error', (error) => {
      saw.failed++;
      reject(error);
    });
    socket.on('close', () => saw.closed++);
  });
}

const request = (method, path, more = '') => `${method} ${path} HTTP/1.1\r\nHost: x\r\n${authorization}${more}\r\n`;
const CONFIG_MAP = '/api/v1/namespaces/kube-system/configmaps/regatta-clock';

/** Sends `text` again for each answer, `ahead` at a time, and counts status codes. */
async function hammer(text, ahead) {
  while (!over) {
    const socket = await secure().catch(() => undefined);
    if (!socket) {
      await sleep(50);
      continue;
    }
    socket.on('data', (chunk) => {
      const codes = chunk.toString('latin1').match(/HTTP\/1\.1 \d\d\d/g) ?? [];
      for (const code of codes) note(code.slice(9));
      if (codes.length > 0 && !over) socket.write(text.repeat(codes.length));
    });
    socket.write(text.repeat(ahead));
    await new Promise((resolve) => socket.once('close', resolve));
  }
}

function session(settings = {}) {
  const opened = http2.connect(`https://127.0.0.1:${PORT}`, { rejectUnauthorized: false, settings, ...identity });
  opened.on('error', () => saw.failed++);
  opened.on('close', () => saw.closed++);
  return opened;
}

const headers = (path) => ({ ':path': path, ...(TOKEN ? { authorization: `Bearer ${TOKEN}` } : {}) });

function stream(opened, path, then) {
  if (over || opened.destroyed || opened.closed) return;
  const asked = opened.request(headers(path));
  asked.on('response', (head) => note(head[':status']));
  asked.on('error', () => saw.failed++);
  asked.on('close', () => then?.());
  if (then) asked.resume();
  return asked;
}

async function many(make) {
  const made = [];
  for (let i = 0; i < count && !over; i++) {
    made.push(make(i));
    if (i % 16 === 15) await Promise.race([Promise.allSettled(made.slice(-16)), sleep(500)]);
  }
}

const kinds = {
  /** Asks for the same thing as fast as answers come. */
  flood: async () => void many(() => void hammer(request('GET', CONFIG_MAP), 1)),
  /** The same, 24 requests ahead on each connection. */
  pipelined: async () => void many(() => void hammer(request('GET', CONFIG_MAP), 24)),
  /** Creates, refused by validation or not, as fast as answers come. */
  writes: async () =>
    void many((i) => {
      const body = `{"metadata":{"generateName":"flood-${i}-"}}`;
      const head = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
      void hammer(`${request('POST', '/api/v1/namespaces/default/configmaps?dryRun=All', head)}${body}`, 1);
    }),
  /** 100 streams on each HTTP/2 connection. */
  streams: () =>
    many(() => {
      const opened = session();
      const again = () => stream(opened, CONFIG_MAP, again);
      for (let s = 0; s < 100; s++) again();
    }),
  /** Asks for large lists and reads nothing. */
  'unread-lists': () =>
    many(async () => {
      const socket = await secure();
      socket.pause();
      socket.write(request('GET', '/openapi/v2').repeat(8));
    }),
  idle: () => many(() => secure()),
  /** A header every second, never the last one. */
  'slow-headers': async () => {
    await many(async () => {
      const socket = await secure();
      socket.resume();
      socket.write('GET / HTTP/1.1\r\nHost: x\r\n');
      const drip = setInterval(() => socket.write('X-A: b\r\n'), 1000);
      socket.once('close', () => clearInterval(drip));
    });
  },
  /** 3 MiB, a few bytes a second. */
  'slow-bodies': () =>
    many(async () => {
      const socket = await secure();
      socket.resume();
      socket.write(request('POST', '/api/v1/namespaces/default/configmaps', 'Content-Length: 3145728\r\n'));
      const drip = setInterval(() => socket.write('    '), 500);
      socket.once('close', () => clearInterval(drip));
    }),
  /** TCP connections that never shake hands. */
  'no-handshake': () =>
    many(
      () =>
        new Promise((resolve) => {
          const socket = net.connect(Number(PORT), '127.0.0.1', () => {
            saw.opened++;
            resolve();
          });
          socket.on('error', resolve);
          socket.on('close', () => saw.closed++);
          socket.resume();
        }),
    ),
  /** Opens and closes. */
  churn: async () =>
    void many(async () => {
      while (!over) {
        const socket = await secure().catch(() => undefined);
        socket?.destroy();
        if (!socket) await sleep(5);
      }
    }),
  /** Watches everything there is, on HTTP/2 connections of 100 streams; reads it. */
  watches: async () => {
    const paths = ['pods', 'configmaps', 'events', 'nodes', 'namespaces', 'secrets', 'services', 'endpoints'];
    for (let opened; saw.opened < count && !over; ) {
      opened = session();
      await new Promise((resolve) => opened.once('remoteSettings', resolve));
      for (let s = 0; s < 100 && saw.opened < count; s++) {
        saw.opened++;
        const path = s % 4 === 3 ? '/apis/coordination.k8s.io/v1/leases' : `/api/v1/${paths[s % paths.length]}`;
        stream(opened, `${path}?watch=1`)?.resume();
      }
      await sleep(20);
    }
  },
  /** Watches on HTTP/1.1 that are never read. */
  'unread-watches': () =>
    many(async () => {
      const socket = await secure();
      socket.pause();
      socket.write(request('GET', '/api/v1/configmaps?watch=1'));
    }),
  /** Watches on HTTP/2 whose window never opens. */
  'closed-windows': () =>
    many(() => {
      const opened = session({ initialWindowSize: 0 });
      for (let s = 0; s < 50; s++) stream(opened, '/api/v1/configmaps?watch=1');
    }),
  /** Opens streams and resets them. */
  resets: async () =>
    void many(async () => {
      while (!over) {
        const opened = session();
        await new Promise((resolve) => opened.once('remoteSettings', resolve).once('close', resolve));
        // The server stops listening after about a thousand: again with a new connection.
        for (let round = 0; round < 20 && !over && !opened.destroyed && !opened.closed; round++) {
          for (let s = 0; s < 100; s++) stream(opened, CONFIG_MAP)?.close(http2.constants.NGHTTP2_CANCEL);
          await sleep(1);
        }
        opened.destroy();
      }
    }),
  'giant-headers': async () =>
    void many(async () => {
      while (!over) {
        const socket = await secure().catch(() => undefined);
        if (!socket) continue;
        socket.on('data', (chunk) => note(chunk.toString('latin1').slice(9, 12)));
        socket.write(request('GET', '/', `X-Large: ${'x'.repeat(300_000)}\r\n`));
        await new Promise((resolve) => socket.once('close', resolve));
      }
    }),
};

process.on('uncaughtException', () => saw.failed++);
process.on('unhandledRejection', () => saw.failed++);
process.stdin.resume();
process.stdin.once('end', () => {
  over = true;
  process.stdout.write(`${JSON.stringify(saw)}\n`, () => process.exit(0));
});
await kinds[kind]();
process.stdout.write('ready\n');
