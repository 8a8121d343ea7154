/**
 * nslookup in the three forms that images have: busybox since 1.29, busybox before, and BIND's
 * (upstream: busybox networking/nslookup.c, bind9 bin/dig/nslookup.c).
 *
 * Busybox since 1.29 takes a name with a dot as it is, whatever resolv.conf says of search domains.
 */

import { type DnsMessage, type DnsRecord, isRecordType, type RecordType } from '../../network/dns/message.ts';
import { candidates } from '../../network/dns/resolver-config.ts';
import { isIpv4 } from '../../network/ipv4.ts';
import { NetworkError } from '../../network/network-error.ts';
import type { NetworkProcess } from './network-process.ts';
import { recordData, reverseName } from './record-text.ts';

type Flavour = 'busybox' | 'old-busybox' | 'bind';

/** The last busybox whose nslookup asked the C library. */
const LAST_OLD_MINOR = 28;

function flavourOf({ image }: NetworkProcess): Flavour {
  if (!image.includes('busybox') && !image.includes('alpine')) return 'bind';
  const minor = /busybox:1\.(\d+)/.exec(image)?.[1];
  return minor !== undefined && Number(minor) <= LAST_OLD_MINOR ? 'old-busybox' : 'busybox';
}

export async function nslookup(process: NetworkProcess): Promise<number> {
  const words = process.argv.slice(1);
  const options = words.filter((word) => word.startsWith('-'));
  const [name, server] = words.filter((word) => !word.startsWith('-'));
  if (name === undefined) {
    await process.printError('Usage: nslookup [-type=QUERY_TYPE] [-debug] HOST [DNS_SERVER]\n');
    return 1;
  }
  const asked = options
    .map((option) => /^-(?:type|querytype|q|t)=(\w+)$/.exec(option)?.[1]?.toUpperCase())
    .find(Boolean);
  const type = asked !== undefined && isRecordType(asked) ? asked : undefined;
  try {
    const serverIp = await serverAddress(process, server);
    const flavour = flavourOf(process);
    if (flavour === 'old-busybox') return await oldBusybox(process, name, serverIp);
    return await modern(process, name, type, serverIp, flavour);
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    await process.printError(';; connection timed out; no servers could be reached\n\n');
    return 1;
  }
}

async function serverAddress(process: NetworkProcess, server: string | undefined): Promise<string> {
  if (server === undefined) return process.resolver.config.nameservers[0] ?? '127.0.0.1';
  const [ip = ''] = await process.resolver.lookup(server, process.killed);
  return ip;
}

async function modern(
  process: NetworkProcess,
  name: string,
  type: RecordType | undefined,
  server: string,
  flavour: 'busybox' | 'bind',
): Promise<number> {
  const at = flavour === 'bind' ? `${server}#53` : `${server}:53`;
  await process.print(`Server:\t\t${server}\nAddress:\t${at}\n\n`);
  const isAddress = isIpv4(name);
  const wanted: readonly RecordType[] = isAddress ? ['PTR'] : type !== undefined ? [type] : ['A', 'AAAA'];
  const names = isAddress ? [reverseName(name)] : namesToAsk(process, name, flavour);
  const options = { server: { ip: server, port: 53 }, signal: process.killed };
  let failed = false;
  let isFound = false;
  for (const candidate of names) {
    const answers: DnsMessage[] = [];
    for (const one of wanted) answers.push(await process.resolver.query(candidate, one, options));
    const records = answers.flatMap((answer) => answer.answers);
    const isMissing = answers.every(({ rcode }) => rcode !== 'NOERROR');
    if (isMissing && flavour === 'bind') continue;
    if (isMissing) {
      await process.print(`** server can't find ${candidate}: ${answers[0]?.rcode}\n\n`);
      failed = true;
      continue;
    }
    isFound = true;
    await process.print(records.length === 0 ? noAnswer(candidate, flavour, type) : `${listing(records)}\n`);
    if (flavour === 'bind') break;
  }
  if (flavour === 'busybox') return failed && !isFound ? 1 : failed ? 1 : 0;
  if (isFound) return 0;
  await process.print(`** server can't find ${isAddress ? reverseName(name) : name}: NXDOMAIN\n\n`);
  return 1;
}

function namesToAsk(process: NetworkProcess, name: string, flavour: 'busybox' | 'bind'): readonly string[] {
  const { config } = process.resolver;
  if (flavour === 'bind') return candidates(name, config);
  return name.includes('.') || config.search.length === 0 ? [name] : config.search.map((domain) => `${name}.${domain}`);
}

function noAnswer(name: string, flavour: Flavour, type: RecordType | undefined): string {
  return flavour === 'bind' && type !== undefined
    ? `*** Can't find ${name}: No answer\n\n`
    : `*** Can't find ${name}: No answer\n\n`;
}

function listing(records: readonly DnsRecord[]): string {
  return records
    .map((record) => {
      if (record.type === 'A' || record.type === 'AAAA') return `Name:\t${record.name}\nAddress: ${record.value}\n`;
      if (record.type === 'CNAME') return `${record.name}\tcanonical name = ${record.value}\n`;
      if (record.type === 'PTR') return `${record.name}\tname = ${record.value}\n`;
      if (record.type === 'SRV') return `${record.name}\tservice = ${recordData(record)}\n`;
      if (record.type === 'TXT') return `${record.name}\ttext = "${record.value}"\n`;
      return `${record.name}\t${recordData(record)}\n`;
    })
    .join('');
}

async function oldBusybox(process: NetworkProcess, name: string, server: string): Promise<number> {
  await process.print(`Server:    ${server}\nAddress 1: ${await withName(process, server)}\n\n`);
  let addresses: readonly string[];
  try {
    addresses = await process.resolver.lookup(name, process.killed);
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    await process.printError(`nslookup: can't resolve '${name}'\n`);
    return 1;
  }
  const lines: string[] = [];
  for (const [i, ip] of addresses.entries()) lines.push(`Address ${i + 1}: ${await withName(process, ip)}\n`);
  await process.print(`Name:      ${name}\n${lines.join('')}`);
  return 0;
}

async function withName(process: NetworkProcess, ip: string): Promise<string> {
  const { answers } = await process.resolver.query(reverseName(ip), 'PTR', { signal: process.killed });
  const pointer = answers.find(({ type }) => type === 'PTR');
  return pointer === undefined ? ip : `${ip} ${recordData(pointer).replace(/\.$/, '')}`;
}
