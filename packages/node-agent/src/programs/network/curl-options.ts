/**
 * curl's command line: the options that scripts use.
 */
import { type CommandLine, type OptionSpec, parseCommandLine } from '../support/command-line.ts';

export const CURL_VERSION = '8.14.1';

export const CURL_OPTIONS: OptionSpec = {
  short: '#01246aBb:c:d:D:e:E:fF:gGhH:iIjJkKl:LMm:nNo:OpP:qQ:r:RsSt:T:u:U:vVw:x:X:y:Y:z:Z',
  flags: {
    silent: 's',
    'show-error': 'S',
    fail: 'f',
    'fail-with-body': 'fail-with-body',
    location: 'L',
    insecure: 'k',
    verbose: 'v',
    include: 'i',
    head: 'I',
    get: 'G',
    'remote-name': 'O',
    'no-buffer': 'N',
    'http1.1': 'http1.1',
    'http1.0': '0',
    http2: 'http2',
    compressed: 'compressed',
    globoff: 'g',
    'no-keepalive': 'no-keepalive',
    'create-dirs': 'create-dirs',
    'path-as-is': 'path-as-is',
    'retry-connrefused': 'retry-connrefused',
    'retry-all-errors': 'retry-all-errors',
    'no-progress-meter': 'no-progress-meter',
    'progress-bar': '#',
    version: 'V',
    ipv4: '4',
    ipv6: '6',
    tlsv1: '1',
    'tlsv1.2': 'tlsv1.2',
    'tlsv1.3': 'tlsv1.3',
  },
  values: {
    output: 'o',
    request: 'X',
    header: 'H',
    data: 'd',
    'data-ascii': 'd',
    'data-raw': 'data-raw',
    'data-binary': 'data-binary',
    'data-urlencode': 'data-urlencode',
    json: 'json',
    user: 'u',
    'user-agent': 'A',
    referer: 'e',
    'max-time': 'm',
    'connect-timeout': 'connect-timeout',
    retry: 'retry',
    'retry-delay': 'retry-delay',
    'retry-max-time': 'retry-max-time',
    'write-out': 'w',
    cacert: 'cacert',
    capath: 'capath',
    cert: 'E',
    key: 'key',
    cookie: 'b',
    'cookie-jar': 'c',
    resolve: 'resolve',
    'connect-to': 'connect-to',
    interface: 'interface',
    'dump-header': 'D',
    'upload-file': 'T',
    'max-redirs': 'max-redirs',
    'oauth2-bearer': 'oauth2-bearer',
    'unix-socket': 'unix-socket',
    proxy: 'x',
    noproxy: 'noproxy',
    range: 'r',
    'limit-rate': 'limit-rate',
    url: 'url',
  },
};

/** -A takes a value; the table above has the letters of getopt's own kind. @throws UsageError */
export function parseCurl(args: readonly string[]): CommandLine {
  return parseCommandLine(args, { ...CURL_OPTIONS, short: `${CURL_OPTIONS.short}A:C:` });
}

export interface CurlBody {
  readonly bytes: Uint8Array;
  readonly contentType: string | undefined;
}
