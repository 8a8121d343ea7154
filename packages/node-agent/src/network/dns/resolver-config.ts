/**
 * /etc/resolv.conf and /etc/hosts as a resolver reads them (resolv.conf(5), hosts(5)).
 */
import { isIpv4 } from '../ipv4.ts';

export interface ResolverConfig {
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  readonly ndots: number;
  /** Real milliseconds for an answer of one server. */
  readonly timeout: number;
  readonly attempts: number;
}

/** resolv.conf(5): more are ignored. */
const MOST_NAMESERVERS = 3;
const MOST_NDOTS = 15;
const LONGEST_TIMEOUT_S = 30;
const MOST_ATTEMPTS = 5;

export function parseResolvConf(text: string): ResolverConfig {
  const nameservers: string[] = [];
  let search: readonly string[] = [];
  const options = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver' && words[0]) nameservers.push(words[0]);
    else if (keyword === 'search' || keyword === 'domain') search = words;
    else if (keyword === 'options') {
      for (const word of words) options.set(word.split(':')[0] ?? '', Number(word.split(':')[1] ?? 0));
    }
  }
  const option = (name: string, otherwise: number, most: number): number =>
    Math.min(options.get(name) ?? otherwise, most);
  return {
    nameservers: nameservers.length === 0 ? ['127.0.0.1'] : nameservers.slice(0, MOST_NAMESERVERS),
    search,
    ndots: option('ndots', 1, MOST_NDOTS),
    timeout: option('timeout', 5, LONGEST_TIMEOUT_S) * 1000,
    attempts: Math.max(1, option('attempts', 2, MOST_ATTEMPTS)),
  };
}

export interface HostEntry {
  readonly ip: string;
  readonly names: readonly string[];
}

export function parseHosts(text: string): HostEntry[] {
  return text.split('\n').flatMap((line) => {
    const [ip = '', ...names] = line.replace(/#.*$/, '').trim().split(/\s+/);
    return ip === '' || names.length === 0 ? [] : [{ ip, names }];
  });
}

/** IPv4 addresses of a name in /etc/hosts. */
export function hostAddresses(entries: readonly HostEntry[], name: string): string[] {
  const wanted = name.replace(/\.$/, '').toLowerCase();
  const found = entries.filter(({ ip, names }) => isIpv4(ip) && names.some((own) => own.toLowerCase() === wanted));
  return [...new Set(found.map(({ ip }) => ip))];
}

/** The names that stand for what was asked, in the order in which a resolver tries them. */
export function candidates(name: string, { search, ndots }: ResolverConfig): readonly string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const searched = search.map((domain) => `${name}.${domain.replace(/\.$/, '')}`);
  return name.split('.').length - 1 >= ndots ? [name, ...searched] : [...searched, name];
}
