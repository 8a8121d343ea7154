/** Who may say and hear what, tried by hand-written protocol against both brokers, with an onlooker that hears everything. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { escapeToken, requestSubject } from '../src/subjects.ts';
import type { RawClient } from './raw-client.ts';
import { accountKeys, connectRaw, forged, minted } from './raw-identity.ts';
import { serverKinds, type TestServer, temporaryFolder, until } from './servers.ts';

const API = 'system:apiserver';
const MANAGER = 'system:kube-controller-manager';
const SCHEDULER = 'system:kube-scheduler';
const INJECTOR = 'system:fault-injector';
const NODES = ['node-1', 'node-2', 'n.1'];
const nodeUser = (name: string): string => `system:node:${name}`;
const USERS = [API, MANAGER, SCHEDULER, INJECTOR, 'jane', 'system:node', 'system', '*', '>', ...NODES.map(nodeUser)];
const ACCOUNT = 'system:serviceaccount:kube-system:deployment-controller';
const STRANGE_ACCOUNT = 'system:serviceaccount:default:deployment-controller';

type Rule = readonly [subject: string, allowed: (user: string) => boolean];

const nobody = (): boolean => false;
const only =
  (...users: string[]) =>
  (user: string): boolean =>
    users.includes(user);
const isNode = (user: string): boolean => NODES.map(nodeUser).includes(user);

/** The table of DESIGN 4, written down once more: who may publish what. */
function publications(): Rule[] {
  const rules: Rule[] = [];
  const asks = (user: string, asked: string): boolean => user === asked || (user === MANAGER && asked === ACCOUNT);
  for (const asked of [...USERS, ACCOUNT, STRANGE_ACCOUNT])
    rules.push([requestSubject('api', asked), (user) => user !== INJECTOR && asks(user, asked)]);
  for (const endpoint of USERS) rules.push([`fault.${escapeToken(endpoint)}`, only(API, INJECTOR)]);
  for (const node of NODES)
    for (const asked of USERS)
      rules.push([requestSubject(`node.${node}`, asked), (user) => user === asked && (user === API || isNode(user))]);
  for (const owner of USERS)
    for (const sender of USERS)
      rules.push([
        `in.${escapeToken(owner)}.${escapeToken(sender)}.token.f`,
        (user) =>
          user === sender &&
          sender !== INJECTOR &&
          ([API, INJECTOR].includes(owner) || sender === API || isNode(sender)),
      ]);
  for (const subject of ['>', 'rpc.>', 'in.>', 'rpc.api._.>', 'rpc.api._.*', 'x', '_INBOX.x', '$SYS.REQ.SERVER.PING'])
    rules.push([subject, nobody]);
  return rules;
}

/** Who may subscribe to what. */
function subscriptions(): Rule[] {
  const rules: Rule[] = [];
  for (const owner of USERS) {
    const own = `in.${escapeToken(owner)}`;
    for (const subject of [`${own}.>`, `${own}.*.token.*`, `${own}.system%3Aapiserver.token.f`])
      rules.push([subject, only(owner)]);
  }
  for (const endpoint of USERS)
    rules.push([`fault.${escapeToken(endpoint)}`, (user) => user === endpoint && user !== INJECTOR]);
  for (const subject of ['rpc.api._.>', 'rpc.api._.system.node.node-1', 'rpc.api._.*.*.*'])
    rules.push([subject, only(API)]);
  for (const node of NODES) {
    const own = `rpc.node.${escapeToken(node)}`;
    rules.push([`${own}.>`, only(nodeUser(node))], [`${own}.system.apiserver`, only(nodeUser(node))]);
  }
  const wide = [
    'fault.>',
    'fault.*',
    '>',
    '*',
    '*.>',
    'in.>',
    'in.*.>',
    'in.*.*.*.*',
    'rpc.>',
    'rpc.*._.>',
    'rpc.api.>',
    'rpc.node.>',
  ];
  for (const subject of [...wide, 'rpc.node.*.>', 'rpc.*.*.system.node.node-1', '*.system%3Anode%3Anode-1.>', '$SYS.>'])
    rules.push([subject, nobody]);
  return rules;
}

function refusals(said: string): string[] {
  return [...said.matchAll(/-ERR 'Permissions Violation for (?:Publish|Subscription) to "([^"]+)"/g)].map(
    ([, subject = '']) => subject,
  );
}

describe.each(serverKinds())('permissions on the $name', ({ start }) => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let server: TestServer;
  let onlooker: RawClient;
  const clients: RawClient[] = [];

  beforeAll(async () => {
    folder = await temporaryFolder();
    server = await start(folder.dir, 0);
    onlooker = await connectRaw(server.port, forged('onlooker', (await accountKeys(folder.dir)).account));
    clients.push(onlooker);
    onlooker.send('SUB > 1\r\n');
    await onlooker.after();
  });
  afterAll(async () => {
    for (const { socket } of clients) socket.destroy();
    await server.stop();
    await folder.remove();
  });

  async function as(user: string): Promise<RawClient> {
    const client = await connectRaw(server.port, await minted(folder.dir, user));
    clients.push(client);
    return client;
  }

  it.each(USERS)('BUS-53: what %s says reaches others exactly where it may say it', async (user) => {
    const client = await as(user);
    const rules = publications();
    onlooker.text = '';
    for (const [i, [subject]] of rules.entries()) client.send(`PUB ${subject} ${String(i).length}\r\n${i}\r\n`);
    const refused = refusals(await client.after());
    const allowed = rules.filter(([, may]) => may(user)).map(([subject]) => subject);
    expect(refused.sort()).toEqual(
      rules
        .filter(([, may]) => !may(user))
        .map(([subject]) => subject)
        .sort(),
    );
    await until(() => [...onlooker.text.matchAll(/^MSG /gm)].length >= allowed.length);
    await onlooker.expect(allowed.at(-1) ?? '');
    const heard = [...(await onlooker.after()).matchAll(/^MSG (\S+)/gm)].map(([, subject]) => subject);
    expect(heard.sort()).toEqual(allowed.sort());
  });

  it.each(USERS)('BUS-54: %s hears its own inbox and the services it serves, and nothing else', async (user) => {
    const client = await as(user);
    const rules = subscriptions();
    for (const [i, [subject]] of rules.entries())
      client.send(`SUB ${subject} ${i % 2 === 0 ? '' : 'apiserver '}${i + 1}\r\n`);
    const refused = refusals(await client.after());
    expect(refused.sort()).toEqual(
      rules
        .filter(([, may]) => !may(user))
        .map(([subject]) => subject)
        .sort(),
    );
    const publisher = await connectRaw(server.port, forged('publisher', (await accountKeys(folder.dir)).account));
    clients.push(publisher);
    const others = USERS.filter((other) => other !== user);
    for (const other of others)
      publisher.send(`PUB in.${escapeToken(other)}.${escapeToken(API)}.token.f 6\r\nsecret\r\n`);
    if (user !== API) publisher.send('PUB rpc.api._.system.node.node-9 6\r\nsecret\r\n');
    publisher.send(`PUB in.${escapeToken(user)}.x.token.f 3\r\nown\r\n`);
    await publisher.after();
    await client.expect('own\r\n');
    expect(await client.after()).not.toContain('secret');
  });
});
