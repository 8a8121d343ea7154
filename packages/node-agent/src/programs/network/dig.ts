/**
 * dig and host (upstream: bind9 bin/dig): queries of one name, their sections, +short, +search, +tcp and the like.
 */

import { type DnsMessage, type DnsRecord, isRecordType, type RecordType } from '../../network/dns/message.ts';
import { candidates } from '../../network/dns/resolver-config.ts';
import { isIpv4 } from '../../network/ipv4.ts';
import { NetworkError } from '../../network/network-error.ts';
import type { NetworkProcess } from './network-process.ts';
import { dotted, recordData, recordLine, reverseName } from './record-text.ts';

const VERSION = '9.20.13';

interface DigQuery {
  readonly name: string;
  readonly type: RecordType;
  readonly server: string | undefined;
  readonly port: number;
  /** `+name` and `+noname`. */
  readonly flags: ReadonlyMap<string, boolean | string>;
}

export async function dig(process: NetworkProcess): Promise<number> {
  const query = readQuery(process.argv.slice(1));
  const server = await serverOf(process, query);
  const show = shown(query.flags);
  const command = process.argv.slice(1).join(' ');
  if (show('cmd')) await process.print(`\n; <<>> DiG ${VERSION} <<>> ${command}\n;; global options: +cmd\n`);
  const started = process.clock.real.monotonic();
  let answer: DnsMessage;
  try {
    answer = await ask(process, query, server);
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    await process.print(
      `;; communications error to ${server}#${query.port}: timed out\n;; no servers could be reached\n`,
    );
    return 9;
  }
  if (query.flags.get('short') === true) {
    await process.print(answer.answers.map((record) => `${recordData(record)}\n`).join(''));
    return 0;
  }
  await process.print(report(answer, show));
  if (show('stats')) {
    const took = Math.round(process.clock.real.monotonic() - started);
    const when = new Date(process.clock.now()).toUTCString().replace(',', '').replace('GMT', 'UTC');
    const over = query.flags.get('tcp') === true ? 'TCP' : 'UDP';
    await process.print(
      `;; Query time: ${took} msec\n;; SERVER: ${server}#${query.port}(${server}) (${over})\n;; WHEN: ${when}\n;; MSG SIZE  rcvd: ${sizeOf(answer)}\n\n`,
    );
  }
  return 0;
}

function sizeOf({ answers, authority, question }: DnsMessage): number {
  const HEADER = 12;
  const records = [...answers, ...authority].reduce((sum, { name }) => sum + name.length + 16, 0);
  return HEADER + (question?.name.length ?? 0) + 6 + records;
}

async function serverOf(process: NetworkProcess, { server }: DigQuery): Promise<string> {
  if (server === undefined) return process.resolver.config.nameservers[0] ?? '127.0.0.1';
  return (await process.resolver.lookup(server, process.killed))[0] ?? server;
}

async function ask(
  process: NetworkProcess,
  { name, type, port, flags }: DigQuery,
  server: string,
): Promise<DnsMessage> {
  const { resolver, killed } = process;
  const seconds = flags.get('timeout') ?? flags.get('time');
  const tries = flags.get('tries');
  const options = {
    server: { ip: server, port },
    tcp: flags.get('tcp') === true || flags.get('vc') === true,
    signal: killed,
    ...(typeof seconds === 'string' ? { timeout: Number(seconds) * 1000 } : {}),
    ...(typeof tries === 'string' ? { attempts: Number(tries) } : {}),
  };
  const names = flags.get('search') === true ? candidates(name, resolver.config) : [name];
  let last: DnsMessage | undefined;
  for (const candidate of names) {
    last = await resolver.query(candidate, type, options);
    if (last.answers.length > 0) return last;
  }
  return last ?? resolver.query(name, type, options);
}

function readQuery(words: readonly string[]): DigQuery {
  let name = '.';
  let type: RecordType | undefined;
  let server: string | undefined;
  let port = 53;
  const flags = new Map<string, boolean | string>();
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const upper = word.toUpperCase();
    if (word.startsWith('@')) server = word.slice(1);
    else if (word.startsWith('+')) readFlag(word.slice(1), flags);
    else if (word === '-x') [name, type] = [reverseName(words[++i] ?? ''), 'PTR'];
    else if (word === '-p') port = Number(words[++i]);
    else if (word === '-t') type = typeOf(words[++i] ?? '');
    else if (word === '-q') name = words[++i] ?? '';
    else if (word.startsWith('-') || upper === 'IN') continue;
    else if (isRecordType(upper) && name !== '.') type = upper;
    else if (isRecordType(upper) && type === undefined && words.length > i + 1) type = upper;
    else name = word;
  }
  return { name, type: type ?? 'A', server, port, flags };
}

function typeOf(text: string): RecordType {
  const upper = text.toUpperCase();
  return isRecordType(upper) ? upper : 'A';
}

function readFlag(text: string, flags: Map<string, boolean | string>): void {
  const [name = '', value] = text.split('=');
  if (name === 'noall' || name === 'all') {
    for (const part of PARTS) flags.set(part, name === 'all');
  } else if (value !== undefined) flags.set(name, value);
  else if (name.startsWith('no')) flags.set(name.slice(2), false);
  else flags.set(name, true);
}

const PARTS = ['cmd', 'comments', 'question', 'answer', 'authority', 'additional', 'stats'];

function shown(flags: ReadonlyMap<string, boolean | string>): (part: string) => boolean {
  return (part) => flags.get('short') !== true && flags.get(part) !== false;
}

function report(answer: DnsMessage, show: (part: string) => boolean): string {
  const { question, answers, authority, additional } = answer;
  const head = show('comments') ? header(answer) : '';
  const asked =
    question && show('question') ? `;; QUESTION SECTION:\n;${dotted(question.name)}\t\tIN\t${question.type}\n\n` : '';
  const section = (part: string, title: string, records: readonly DnsRecord[]): string => {
    if (!show(part) || records.length === 0) return '';
    const lines = records.map(recordLine).join('');
    return show('comments') ? `;; ${title} SECTION:\n${lines}\n` : lines;
  };
  return (
    head +
    asked +
    section('answer', 'ANSWER', answers) +
    section('authority', 'AUTHORITY', authority) +
    section('additional', 'ADDITIONAL', additional)
  );
}

function header(answer: DnsMessage): string {
  const { rcode, id, answers, authority, additional, authoritative, recursionDesired } = answer;
  const flags = ['qr', ...(authoritative ? ['aa'] : []), ...(recursionDesired ? ['rd'] : [])].join(' ');
  const counts = `QUERY: 1, ANSWER: ${answers.length}, AUTHORITY: ${authority.length}, ADDITIONAL: ${additional.length + 1}`;
  return `;; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: ${rcode}, id: ${id}\n;; flags: ${flags}; ${counts}\n;; WARNING: recursion requested but not available\n\n;; OPT PSEUDOSECTION:\n; EDNS: version: 0, flags:; udp: ${answer.udpSize ?? 512}\n`;
}

export async function host(process: NetworkProcess): Promise<number> {
  const words = process.argv.slice(1);
  const typeAt = words.indexOf('-t');
  const given = typeAt < 0 ? undefined : typeOf(words[typeAt + 1] ?? '');
  const [name, server] = words.filter((word, i) => !word.startsWith('-') && (typeAt < 0 || i !== typeAt + 1));
  if (name === undefined) {
    await process.printError('Usage: host [-aCdilrTvVw] [-c class] [-N ndots] [-t type] [-W time] hostname [server]\n');
    return 1;
  }
  const query = isIpv4(name) ? reverseName(name) : name;
  const type = isIpv4(name) ? 'PTR' : (given ?? 'A');
  const flags = new Map<string, boolean | string>([['search', !isIpv4(name)]]);
  try {
    const address = await serverOf(process, { name, type, server, port: 53, flags });
    const answer = await ask(process, { name: query, type, server, port: 53, flags }, address);
    return await tellHost(process, answer, query, type);
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    await process.print(';; connection timed out; no servers could be reached\n');
    return 1;
  }
}

async function tellHost(
  process: NetworkProcess,
  { answers, rcode }: DnsMessage,
  name: string,
  type: RecordType,
): Promise<number> {
  if (rcode !== 'NOERROR') {
    await process.print(`Host ${name} not found: ${rcode === 'NXDOMAIN' ? '3(NXDOMAIN)' : '2(SERVFAIL)'}\n`);
    return 1;
  }
  if (answers.length === 0) {
    await process.print(`${name} has no ${type} record\n`);
    return 0;
  }
  await process.print(answers.map((record) => `${record.name} ${hostWords(record)}\n`).join(''));
  return 0;
}

function hostWords(record: DnsRecord): string {
  const data = recordData(record);
  if (record.type === 'A') return `has address ${data}`;
  if (record.type === 'AAAA') return `has IPv6 address ${data}`;
  if (record.type === 'CNAME') return `is an alias for ${data}`;
  if (record.type === 'PTR') return `domain name pointer ${data}`;
  if (record.type === 'SRV') return `has SRV record ${data}`;
  return `descriptive text ${data}`;
}
