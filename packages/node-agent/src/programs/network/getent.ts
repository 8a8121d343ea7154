/**
 * getent hosts|ahosts|passwd|group … (upstream: glibc nss/getent.c). Ends with 2 when a key isn't found.
 */

import { isIpv4 } from '../../network/ipv4.ts';
import { NetworkError } from '../../network/network-error.ts';
import type { NetworkProcess } from './network-process.ts';
import { recordData, reverseName } from './record-text.ts';

const ADDRESS_WIDTH = 15;
const NOT_FOUND = 2;

export async function getent(process: NetworkProcess): Promise<number> {
  const [database, ...keys] = process.argv.slice(1).filter((word) => !word.startsWith('-'));
  if (database === 'passwd' || database === 'group') return fileDatabase(process, database, keys);
  if (database !== 'hosts' && database !== 'ahosts' && database !== 'ahostsv4') {
    await process.printError(
      database === undefined ? 'getent: wrong number of arguments\n' : `Unknown database: ${database}\n`,
    );
    return 1;
  }
  if (keys.length === 0) {
    await process.print(process.resolver.hosts.map(({ ip, names }) => entry(ip, names.join(' '))).join(''));
    return 0;
  }
  let code = 0;
  for (const key of keys) {
    const lines = database === 'hosts' ? await hostLines(process, key) : await socketLines(process, key);
    if (lines.length === 0) code = NOT_FOUND;
    await process.print(lines.join(''));
  }
  return code;
}

function entry(ip: string, names: string): string {
  return `${ip.padEnd(ADDRESS_WIDTH)} ${names}\n`;
}

async function hostLines(process: NetworkProcess, key: string): Promise<string[]> {
  const { resolver } = process;
  const known = resolver.hosts.filter(({ ip, names }) => ip === key || names.includes(key));
  if (known.length > 0) return known.slice(0, 1).map(({ ip, names }) => entry(ip, names.join(' ')));
  if (isIpv4(key)) {
    const { answers } = await resolver.query(reverseName(key), 'PTR', { signal: process.killed });
    return answers.slice(0, 1).map((record) => entry(key, recordData(record).replace(/\.$/, '')));
  }
  const found = await addresses(process, key);
  return found.map((ip) => entry(ip, key));
}

async function socketLines(process: NetworkProcess, key: string): Promise<string[]> {
  const found = await addresses(process, key);
  return found.flatMap((ip, i) => [
    entry(ip, `STREAM ${i === 0 ? key : ''}`.trimEnd()),
    entry(ip, 'DGRAM'),
    entry(ip, 'RAW'),
  ]);
}

async function addresses(process: NetworkProcess, name: string): Promise<readonly string[]> {
  try {
    return await process.resolver.lookup(name, process.killed);
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    return [];
  }
}

async function fileDatabase(process: NetworkProcess, name: string, keys: readonly string[]): Promise<number> {
  const text = Buffer.from(process.fileSystem().readFile(`/etc/${name}`)).toString();
  const entries = text.split('\n').filter((line) => line !== '');
  const chosen = keys.length === 0 ? entries : keys.map((key) => entries.find((line) => matches(line, key)));
  for (const line of chosen) if (line !== undefined) await process.print(`${line}\n`);
  return chosen.includes(undefined) ? NOT_FOUND : 0;
}

function matches(line: string, key: string): boolean {
  const [name, , id] = line.split(':');
  return name === key || id === key;
}
