/**
 * nginx's variables in texts of its configuration, as far as a request knows them.
 */
import type { IncomingMessage } from 'node:http';
import type { ProcessContext } from '../../runtime/process/process-context.ts';

export interface RequestFacts {
  readonly process: ProcessContext;
  readonly request: IncomingMessage;
  /** Decoded, without the query. */
  readonly path: string;
  readonly port: number;
  readonly serverName: string;
  readonly version: string;
}

/** `$name` and `${name}`; one that nobody knows is empty. */
export function expandVariables(text: string, facts: RequestFacts): string {
  return text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_whole, braced?: string, bare?: string) =>
    variable(braced ?? bare ?? '', facts),
  );
}

function variable(name: string, facts: RequestFacts): string {
  const { process, request, path, port, serverName, version } = facts;
  const { headers, method = 'GET', url = '/', socket, httpVersion } = request;
  const query = url.split('?')[1] ?? '';
  const client = socket.remoteAddress ?? '';
  if (name.startsWith('http_')) return header(headers[name.slice('http_'.length).replaceAll('_', '-')]);
  if (name.startsWith('arg_')) return new URLSearchParams(query).get(name.slice('arg_'.length)) ?? '';
  const known: ReadonlyMap<string, () => string> = new Map([
    ['uri', () => path],
    ['document_uri', () => path],
    ['request_uri', () => url],
    ['request_method', () => method],
    ['request', () => `${method} ${url} HTTP/${httpVersion}`],
    ['args', () => query],
    ['query_string', () => query],
    ['is_args', () => (query === '' ? '' : '?')],
    ['host', () => header(headers.host).replace(/:\d+$/, '') || serverName],
    ['hostname', () => process.hostname],
    ['scheme', () => 'http'],
    ['server_name', () => serverName],
    ['server_port', () => String(port)],
    ['server_addr', () => process.ip],
    ['server_protocol', () => `HTTP/${httpVersion}`],
    ['remote_addr', () => client],
    ['remote_port', () => String(socket.remotePort ?? '')],
    ['proxy_add_x_forwarded_for', () => [header(headers['x-forwarded-for']), client].filter(Boolean).join(', ')],
    ['nginx_version', () => version],
    ['pid', () => String(process.pid)],
    ['time_iso8601', () => `${new Date(process.clock.now()).toISOString().slice(0, 19)}+00:00`],
  ]);
  return known.get(name)?.() ?? '';
}

function header(value: string | string[] | undefined): string {
  return Array.isArray(value) ? value.join(', ') : (value ?? '');
}
