/**
 * DNS records as BIND's tools print them.
 */
import type { DnsRecord } from '../../network/dns/message.ts';

export function reverseName(ip: string): string {
  return `${ip.split('.').reverse().join('.')}.in-addr.arpa`;
}

export function dotted(name: string): string {
  return `${name}.`;
}

/** What stands behind a record's type in a zone file. */
export function recordData(record: DnsRecord): string {
  if (record.type === 'SRV') {
    const { priority, weight, port, target } = record.value;
    return `${priority} ${weight} ${port} ${dotted(target)}`;
  }
  if (record.type === 'SOA') {
    const { primary, mailbox, serial, refresh, retry, expire, minimum } = record.value;
    return `${dotted(primary)} ${dotted(mailbox)} ${serial} ${refresh} ${retry} ${expire} ${minimum}`;
  }
  if (record.type === 'TXT') return `"${record.value}"`;
  return record.type === 'A' || record.type === 'AAAA' ? record.value : dotted(record.value);
}

const TAB = 8;
const NAME_COLUMNS = 24;

/** One line of dig's sections. */
export function recordLine(record: DnsRecord): string {
  const name = dotted(record.name);
  const gap = '\t'.repeat(Math.max(1, Math.ceil((NAME_COLUMNS - name.length) / TAB)));
  return `${name}${gap}${record.ttl}\tIN\t${record.type}\t${recordData(record)}\n`;
}
