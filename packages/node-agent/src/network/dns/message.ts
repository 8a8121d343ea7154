/**
 * DNS messages (RFC 1035, 2782 SRV, 6891 EDNS): the parts that cluster DNS and its clients use.
 *
 * Invariants: names have no final dot inside this program (the root is the empty text); a message that is malformed or
 * whose compression runs in circles is refused, whatever it holds.
 */
import { DnsFormatError, MessageReader } from './message-reader.ts';
import { MessageWriter } from './message-writer.ts';

export { DnsFormatError } from './message-reader.ts';

export const RECORD_TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  ANY: 255,
} as const;

export type RecordType = keyof typeof RECORD_TYPE;

export const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;
export type Rcode = keyof typeof RCODE;

export interface Question {
  readonly name: string;
  readonly type: RecordType;
}

export interface SrvData {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}

export interface SoaData {
  readonly primary: string;
  readonly mailbox: string;
  readonly serial: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly minimum: number;
}

export type DnsRecord = { readonly name: string; readonly ttl: number } & (
  | { readonly type: 'A' | 'AAAA' | 'NS' | 'CNAME' | 'PTR' | 'TXT'; readonly value: string }
  | { readonly type: 'SRV'; readonly value: SrvData }
  | { readonly type: 'SOA'; readonly value: SoaData }
);

export interface DnsMessage {
  readonly id: number;
  readonly isResponse: boolean;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  readonly rcode: Rcode;
  readonly question: Question | undefined;
  readonly answers: readonly DnsRecord[];
  readonly authority: readonly DnsRecord[];
  readonly additional: readonly DnsRecord[];
  /** Bytes that the sender can receive by UDP, when it says so (EDNS). */
  readonly udpSize: number | undefined;
}

const TYPE_NAMES = new Map<number, RecordType>(
  Object.entries(RECORD_TYPE).map(([name, number]) => [number, name as RecordType]),
);
const RCODE_NAMES = new Map<number, Rcode>(Object.entries(RCODE).map(([name, number]) => [number, name as Rcode]));
const INTERNET = 1;

export function isRecordType(text: string): text is RecordType {
  return Object.hasOwn(RECORD_TYPE, text);
}

export function encodeMessage(message: DnsMessage): Uint8Array {
  const { question, answers, authority, additional, udpSize } = message;
  const writer = new MessageWriter();
  writer.uint16(message.id);
  writer.uint16(flagsOf(message));
  const counts = [question === undefined ? 0 : 1, answers.length, authority.length];
  for (const count of [...counts, additional.length + (udpSize === undefined ? 0 : 1)]) writer.uint16(count);
  if (question !== undefined) {
    writer.name(question.name);
    writer.uint16(RECORD_TYPE[question.type]);
    writer.uint16(INTERNET);
  }
  for (const record of [...answers, ...authority, ...additional]) writeRecord(writer, record);
  if (udpSize !== undefined) writeEdns(writer, udpSize);
  return writer.bytes();
}

/** @throws DnsFormatError */
export function decodeMessage(bytes: Uint8Array): DnsMessage {
  const reader = new MessageReader(bytes);
  const id = reader.uint16();
  const flags = reader.uint16();
  const [questions = 0, answers = 0, authority = 0, additional = 0] = [0, 1, 2, 3].map(() => reader.uint16());
  if (questions > 1) throw new DnsFormatError('more than one question');
  const question = questions === 0 ? undefined : readQuestion(reader);
  const answered = readRecords(reader, answers);
  const authorities = readRecords(reader, authority);
  const more = readRecords(reader, additional);
  return {
    id,
    isResponse: (flags & 0x8000) !== 0,
    authoritative: (flags & 0x0400) !== 0,
    truncated: (flags & 0x0200) !== 0,
    recursionDesired: (flags & 0x0100) !== 0,
    recursionAvailable: (flags & 0x0080) !== 0,
    rcode: RCODE_NAMES.get(flags & 15) ?? 'SERVFAIL',
    question,
    answers: answered.records,
    authority: authorities.records,
    additional: more.records,
    udpSize: more.udpSize,
  };
}

function flagsOf(message: DnsMessage): number {
  const bits: readonly (readonly [boolean, number])[] = [
    [message.isResponse, 0x8000],
    [message.authoritative, 0x0400],
    [message.truncated, 0x0200],
    [message.recursionDesired, 0x0100],
    [message.recursionAvailable, 0x0080],
  ];
  return bits.reduce<number>((flags, [isSet, bit]) => (isSet ? flags | bit : flags), RCODE[message.rcode]);
}

/** A type that is not known here is asked as ANY would be: nothing of it is there. */
function readQuestion(reader: MessageReader): Question {
  const name = reader.name();
  const type = TYPE_NAMES.get(reader.uint16()) ?? 'MX';
  reader.uint16();
  return { name, type };
}

function writeRecord(writer: MessageWriter, record: DnsRecord): void {
  writer.name(record.name);
  writer.uint16(RECORD_TYPE[record.type]);
  writer.uint16(INTERNET);
  writer.uint32(record.ttl);
  writer.sized(() => {
    if (record.type === 'SRV') writeSrv(writer, record.value);
    else if (record.type === 'SOA') writeSoa(writer, record.value);
    else if (record.type === 'TXT') writer.text(record.value);
    else if (record.type === 'A') writer.raw(record.value.split('.').map(Number));
    else if (record.type === 'AAAA') writer.raw(ipv6Bytes(record.value));
    else writer.name(record.value);
  });
}

function writeSrv(writer: MessageWriter, { priority, weight, port, target }: SrvData): void {
  for (const number of [priority, weight, port]) writer.uint16(number);
  writer.name(target, false);
}

function writeSoa(writer: MessageWriter, soa: SoaData): void {
  writer.name(soa.primary);
  writer.name(soa.mailbox);
  for (const number of [soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum]) writer.uint32(number);
}

function writeEdns(writer: MessageWriter, udpSize: number): void {
  writer.name('');
  writer.uint16(RECORD_TYPE.OPT);
  writer.uint16(udpSize);
  writer.uint32(0);
  writer.uint16(0);
}

interface Section {
  readonly records: readonly DnsRecord[];
  readonly udpSize: number | undefined;
}

function readRecords(reader: MessageReader, count: number): Section {
  const records: DnsRecord[] = [];
  let udpSize: number | undefined;
  for (let i = 0; i < count; i++) {
    const name = reader.name();
    const type = TYPE_NAMES.get(reader.uint16());
    const recordClass = reader.uint16();
    const ttl = reader.uint32();
    const end = reader.uint16() + reader.at;
    if (type === 'OPT') udpSize = recordClass;
    else {
      const record = readRecord(reader, name, ttl, type, end);
      if (record !== undefined) records.push(record);
    }
    reader.moveTo(end);
  }
  return { records, udpSize };
}

/** Undefined for types that nobody here reads. */
function readRecord(
  reader: MessageReader,
  name: string,
  ttl: number,
  type: RecordType | undefined,
  end: number,
): DnsRecord | undefined {
  if (type === 'A') return { name, ttl, type, value: [...reader.raw(4)].join('.') };
  if (type === 'AAAA') return { name, ttl, type, value: ipv6Text(reader.raw(16)) };
  if (type === 'NS' || type === 'CNAME' || type === 'PTR') return { name, ttl, type, value: reader.name() };
  if (type === 'TXT') return { name, ttl, type, value: reader.texts(end) };
  if (type === 'SRV') {
    const [priority = 0, weight = 0, port = 0] = [0, 1, 2].map(() => reader.uint16());
    return { name, ttl, type, value: { priority, weight, port, target: reader.name() } };
  }
  if (type !== 'SOA') return undefined;
  const [primary, mailbox] = [reader.name(), reader.name()];
  const [serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0] = [0, 1, 2, 3, 4].map(() => reader.uint32());
  return { name, ttl, type, value: { primary, mailbox, serial, refresh, retry, expire, minimum } };
}

function ipv6Bytes(address: string): number[] {
  const [head = '', tail] = address.split('::');
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)));
  const start = groups(head);
  const end = tail === undefined ? [] : groups(tail);
  const middle = new Array<number>(Math.max(0, 8 - start.length - end.length)).fill(0);
  return [...start, ...middle, ...end].flatMap((group) => [group >> 8, group & 255]);
}

function ipv6Text(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  const text = groups.map((group) => group.toString(16)).join(':');
  return text.replace(/(^|:)0(:0)+(:|$)/, '::');
}
