/** What the embedded broker says is what nats-server says: the same bytes are sent to both, and both answers compared. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawClient } from './raw-client.ts';
import { accountKeys, forged, sendConnect } from './raw-identity.ts';
import { serverKinds, type TestServer, temporaryFolder, until } from './servers.ts';

interface Script {
  readonly name: string;
  /** Options of CONNECT; `none` leaves it out. */
  readonly connect?: object | 'none';
  readonly send: string;
}

const long = 'x'.repeat(5000);
const SCRIPTS: readonly Script[] = [
  { name: 'CONNECT twice', send: 'CONNECT {"verbose":false}\r\nPUB a 1\r\nx\r\n' },
  { name: 'PING before CONNECT', connect: 'none', send: 'PING\r\n' },
  { name: 'SUB before CONNECT', connect: 'none', send: 'SUB a 1\r\n' },
  { name: 'nonsense before CONNECT', connect: 'none', send: 'GET / HTTP/1.1\r\n' },
  { name: 'CONNECT of no JSON', connect: 'none', send: 'CONNECT {a\r\n' },
  { name: 'CONNECT of nothing', connect: 'none', send: 'CONNECT\r\n' },
  { name: 'CONNECT of a number', connect: 'none', send: 'CONNECT 5\r\n' },
  { name: 'an unknown word', send: 'FOO\r\n' },
  { name: 'HTTP', send: 'GET / HTTP/1.1\r\n' },
  { name: 'a word of a server', send: 'MSG a 1 0\r\n\r\n' },
  { name: 'INFO', send: 'INFO {}\r\n' },
  { name: '+OK', send: '+OK\r\n' },
  { name: '-ERR', send: "-ERR 'x'\r\n" },
  { name: 'an empty line', send: '\r\n' },
  { name: 'PING with more', send: 'PING x\r\n' },
  { name: 'a thousand PINGs', send: 'PING\r\n'.repeat(1000) },
  { name: 'PONG nobody asked for', send: 'PONG\r\nPONG\r\nPONG\r\n' },
  { name: 'too large a payload', send: 'PUB a 1048577\r\n' },
  { name: 'too large a payload, HPUB', send: 'HPUB a 12 1048577\r\n' },
  { name: 'a huge size', send: 'PUB a 99999999999\r\n' },
  { name: 'a line without an end', send: `PUB ${long}` },
  { name: 'a long line', send: `SUB ${long} 1\r\n` },
  { name: 'a size that is none', send: 'PUB a x\r\n' },
  { name: 'a negative size', send: 'PUB a -1\r\n' },
  { name: 'no size', send: 'PUB a\r\n' },
  { name: 'too many fields', send: 'PUB a b c d\r\n' },
  { name: 'a payload that goes on', send: 'PUB a 2\r\nabcd\r\n' },
  { name: 'headers longer than all', send: 'HPUB a 9 5\r\n' },
  {
    name: 'HPUB of a client without headers',
    connect: { headers: false, no_responders: false },
    send: 'SUB a 1\r\nHPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\n',
  },
  { name: 'SUB of nothing', send: 'SUB\r\n' },
  { name: 'SUB without a number', send: 'SUB a\r\n' },
  { name: 'SUB of too much', send: 'SUB a b 1 2\r\n' },
  { name: 'SUB of no subject', send: 'SUB a..b 1\r\nSUB .a 2\r\nSUB a. 3\r\nSUB >.a 4\r\nSUB a.>.b 5\r\n' },
  { name: 'a queue group of wildcards', send: 'SUB a * 1\r\nPUB a 1\r\nx\r\n' },
  { name: 'SUB twice under a number', send: 'SUB a 1\r\nSUB b 1\r\nPUB a 1\r\nx\r\nPUB b 1\r\ny\r\n' },
  { name: 'wildcards within a token', send: 'SUB a.b*.c 1\r\nSUB a.>b 2\r\nPUB a.b*.c 1\r\nx\r\nPUB a.>b 1\r\ny\r\n' },
  { name: 'PUB to a wildcard', send: 'SUB a.* 1\r\nPUB a.* 1\r\nx\r\n' },
  { name: 'PUB to a wildcard, pedantic', connect: { pedantic: true }, send: 'SUB a.* 1\r\nPUB a.* 1\r\nx\r\n' },
  { name: 'PUB to a tail', send: 'SUB a.> 1\r\nSUB > 2\r\nUNSUB 2\r\nPUB a.> 1\r\nx\r\nPUB a.b.> 1\r\nx\r\n' },
  { name: 'PUB to no subject', send: 'SUB > 1\r\nPUB a..b 1\r\nx\r\n' },
  { name: 'UNSUB of an unknown number', send: 'UNSUB 9\r\n' },
  { name: 'UNSUB of nothing', send: 'UNSUB\r\n' },
  { name: 'UNSUB of too much', send: 'UNSUB 1 2 3\r\n' },
  { name: 'UNSUB of no count', send: 'SUB a 1\r\nUNSUB 1 x\r\nPUB a 1\r\nx\r\n' },
  {
    name: 'UNSUB after what came already',
    send: 'SUB a 1\r\nPUB a 1\r\nx\r\nPUB a 1\r\ny\r\nUNSUB 1 1\r\nPUB a 1\r\nz\r\n',
  },
  { name: 'UNSUB after two', send: 'SUB a 1\r\nUNSUB 1 2\r\nPUB a 1\r\nx\r\nPUB a 1\r\ny\r\nPUB a 1\r\nz\r\n' },
  { name: 'verbose', connect: { verbose: true }, send: 'SUB a 1\r\nPUB a 1\r\nx\r\nUNSUB 1\r\nUNSUB 7\r\n' },
  { name: 'verbose, refused', connect: { verbose: true }, send: 'PUB forbidden.x 1\r\nx\r\nSUB forbidden.x 1\r\n' },
  { name: 'refused in a queue group', send: 'SUB forbidden.x q 1\r\n' },
  { name: 'no echo', connect: { echo: false }, send: 'SUB a 1\r\nPUB a 1\r\nx\r\n' },
  { name: 'nobody there', send: 'SUB in.* 1\r\nPUB nobody in.1 1\r\nx\r\n' },
  {
    name: 'nobody there, headers refused',
    connect: { headers: false },
    send: 'SUB in.* 1\r\nPUB nobody in.1 1\r\nx\r\n',
  },
  { name: 'any case, any blanks', send: 'sub  a\t1\r\npUb   a  \t 1 \r\nx\r\nunsub\t1\r\n' },
  { name: 'line ends without CR', send: 'SUB a 1\nPUB a 1\nx\r\n' },
  { name: 'headers', send: 'SUB a 1\r\nHPUB a b 12 14\r\nNATS/1.0\r\n\r\nhi\r\n' },
  { name: 'bytes that are no text', send: 'SUB \xff.\xfe 1\r\nPUB \xff.\xfe 3\r\n\x00\xff\r\r\n' },
];

const PERMISSIONS = {
  publish: { allow: ['>'], deny: ['forbidden.>'] },
  subscribe: { allow: ['>'], deny: ['forbidden.>'] },
};

describe.skipIf(serverKinds().length < 2)('BRK-16: the same bytes said to both brokers', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  const servers: TestServer[] = [];

  beforeAll(async () => {
    folder = await temporaryFolder();
    for (const { start } of serverKinds()) servers.push(await start(folder.dir, 0));
  });
  afterAll(async () => {
    for (const server of servers) await server.stop();
    await folder.remove();
  });

  /** All that a server says, until it has handled everything or closed the connection. */
  async function answers(port: number, { connect = {}, send }: Script): Promise<string> {
    const client = connect === 'none' ? new RawClient(port) : await connected(port, connect);
    if (connect === 'none') {
      await client.info();
      client.text = '';
    }
    const pongs = [...send.matchAll(/^PING/gm)].length + 1;
    client.send(`${send}PING\r\n`);
    const said = (): number => client.text.split('PONG').length - 1;
    await until(() => client.closed || said() === pongs, 'the end of its answers');
    client.socket.destroy();
    const text = client.text.replaceAll('PING\r\n', '');
    return `${text.replace(/(PONG\r\n)+/g, (all) => `PONG*${all.length / 6}\r\n`)}${client.closed ? 'closed' : ''}`;
  }

  async function connected(port: number, options: object): Promise<RawClient> {
    const { account } = await accountKeys(folder.dir);
    const client = await sendConnect(port, forged('test', account, { permissions: PERMISSIONS }), {
      pedantic: false,
      ...options,
    });
    client.send('PING\r\n');
    await until(() => client.closed || client.text.includes('PONG\r\n'), 'an answer to CONNECT');
    if (client.closed) return client;
    client.text = '';
    return client;
  }

  it.each(SCRIPTS)('$name', async (script) => {
    const [ours, theirs] = await Promise.all(servers.map(({ port }) => answers(port, script)));
    expect(ours).toBe(theirs);
  });
});
