/**
 * curl's -w: variables of a transfer that is over.
 */
import type { Peer } from '../../network/network-error.ts';
import type { HttpReply } from './http-client.ts';

export interface WriteOutFacts {
  readonly reply: HttpReply | undefined;
  readonly url: string;
  readonly peer: Peer | undefined;
  readonly localIp: string;
  readonly size: number;
  readonly seconds: number;
  readonly redirects: number;
  readonly exitCode: number;
  readonly errorMessage: string;
}

type Variable = (facts: WriteOutFacts) => string;

const time: Variable = ({ seconds }) => seconds.toFixed(6);
const status: Variable = ({ reply }) => String(reply?.status ?? 0).padStart(3, '0');
const nothing: Variable = () => '0';

const VARIABLES: ReadonlyMap<string, Variable> = new Map<string, Variable>([
  ['http_code', status],
  ['response_code', status],
  ['http_connect', () => '000'],
  ['http_version', ({ reply }) => reply?.version ?? '0'],
  ['time_total', time],
  ['time_connect', time],
  ['time_appconnect', time],
  ['time_namelookup', time],
  ['time_pretransfer', time],
  ['time_starttransfer', time],
  ['time_redirect', () => '0.000000'],
  ['size_download', ({ size }) => String(size)],
  ['size_upload', nothing],
  ['speed_download', ({ size, seconds }) => String(Math.round(size / Math.max(seconds, 0.001)))],
  ['num_connects', ({ peer }) => (peer === undefined ? '0' : '1')],
  ['num_redirects', ({ redirects }) => String(redirects)],
  ['remote_ip', ({ peer }) => peer?.ip ?? ''],
  ['remote_port', ({ peer }) => String(peer?.port ?? 0)],
  ['local_ip', ({ localIp }) => localIp],
  ['content_type', ({ reply }) => reply?.header('content-type') ?? ''],
  ['url', ({ url }) => url],
  ['url_effective', ({ url }) => url],
  ['redirect_url', ({ reply, url }) => redirectUrl(reply?.header('location'), url)],
  ['scheme', ({ url }) => url.split(':')[0]?.toLowerCase() ?? ''],
  ['exitcode', ({ exitCode }) => String(exitCode)],
  ['errormsg', ({ errorMessage }) => errorMessage],
  ['ssl_verify_result', nothing],
]);

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '\\': '\\' };

export function formatWriteOut(format: string, facts: WriteOutFacts): string {
  return format.replace(
    /%\{([^}]*)\}|%%|\\([nrt\\])/g,
    (whole, name: string | undefined, letter: string | undefined) => {
      if (whole === '%%') return '%';
      if (letter !== undefined) return ESCAPES[letter] ?? whole;
      const header = /^header\{(.*)$/.exec(name ?? '');
      if (header) return facts.reply?.header(header[1]?.toLowerCase() ?? '') ?? '';
      return VARIABLES.get(name ?? '')?.(facts) ?? whole;
    },
  );
}

function redirectUrl(location: string | undefined, base: string): string {
  return location === undefined ? '' : new URL(location, base).href;
}
