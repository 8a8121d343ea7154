/**
 * What curl sends: -d and its kin, joined with `&`, or an uploaded file. `@name` reads a file, `@-` standard input.
 */
import type { CommandLine } from '../support/command-line.ts';
import type { CurlBody } from './curl-options.ts';
import { type NetworkProcess, readAll, readInputFile } from './network-process.ts';

const FORM = 'application/x-www-form-urlencoded';

/** @throws FileError */
export async function requestBody(process: NetworkProcess, line: CommandLine): Promise<CurlBody | undefined> {
  const upload = line.value('T');
  if (upload !== undefined)
    return { bytes: await source(process, upload === '.' ? '-' : upload), contentType: undefined };
  const parts: Uint8Array[] = [];
  for (const text of line.values('d')) parts.push(withoutLineEnds(await dataOf(process, text)));
  for (const text of line.values('data-raw')) parts.push(Buffer.from(text));
  for (const text of [...line.values('data-binary'), ...line.values('json')]) parts.push(await dataOf(process, text));
  for (const text of line.values('data-urlencode')) parts.push(Buffer.from(urlEncoded(text)));
  if (parts.length === 0) return undefined;
  const joined = parts.flatMap((part, i) => (i === 0 ? [part] : [Buffer.from('&'), part]));
  return { bytes: Buffer.concat(joined), contentType: line.has('json') ? 'application/json' : FORM };
}

async function dataOf(process: NetworkProcess, text: string): Promise<Uint8Array> {
  return text.startsWith('@') ? source(process, text.slice(1)) : Buffer.from(text);
}

async function source(process: NetworkProcess, name: string): Promise<Uint8Array> {
  return name === '-' ? readAll(process.stdin, process) : readInputFile(process, name);
}

function withoutLineEnds(bytes: Uint8Array): Uint8Array {
  return bytes.filter((byte) => byte !== 10 && byte !== 13);
}

function urlEncoded(text: string): string {
  const equals = text.indexOf('=');
  if (equals < 0) return encodeURIComponent(text);
  const name = text.slice(0, equals);
  return `${name === '' ? '' : `${name}=`}${encodeURIComponent(text.slice(equals + 1))}`;
}
