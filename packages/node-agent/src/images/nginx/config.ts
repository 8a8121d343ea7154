/**
 * What an nginx configuration means, as far as the emulated server goes: servers by port and name, their locations, and
 * what each does with a request (upstream: nginx.org/en/docs/http/{ngx_http_core_module,request_processing}.html).
 *
 * Directives that it doesn't know are taken and mean nothing.
 */
import { RE2JS } from 're2js';
import { FileError } from '../../runtime/filesystem/file-error.ts';
import { ContainerFileSystem } from '../../runtime/filesystem/file-system.ts';
import { type Directive, NginxConfigError, parseConfig } from './config-parser.ts';

export interface NginxServerBlock {
  readonly ports: readonly number[];
  readonly isDefault: boolean;
  readonly names: readonly string[];
  readonly scope: Scope;
  readonly locations: readonly Location[];
}

export interface Location {
  /** `=`, `^~`, `~`, `~*`, or '' for a plain prefix. */
  readonly modifier: string;
  readonly path: string;
  readonly scope: Scope;
}

/** What holds in a server or location; an inner one has what the outer says unless it says so itself. */
export interface Scope {
  readonly root: string;
  readonly alias: string | undefined;
  readonly index: readonly string[];
  readonly tryFiles: readonly string[];
  readonly answer: { readonly code: number; readonly text: string } | undefined;
  readonly proxyPass: ProxyPass | undefined;
  readonly proxyHeaders: readonly (readonly [string, string])[];
  readonly headers: readonly (readonly [string, string])[];
  readonly errorPages: ReadonlyMap<number, string>;
  readonly defaultType: string;
  readonly logs: boolean;
  readonly autoindex: boolean;
  readonly isStatus: boolean;
}

export interface NginxConfig {
  readonly servers: readonly NginxServerBlock[];
  /** Addresses by the name of their upstream block. */
  readonly upstreams: ReadonlyMap<string, readonly string[]>;
}

export interface ProxyPass {
  readonly target: string;
  /** `file:line`, for errors. */
  readonly place: string;
}

const OUTERMOST: Scope = {
  root: '/etc/nginx/html',
  alias: undefined,
  index: ['index.html'],
  tryFiles: [],
  answer: undefined,
  proxyPass: undefined,
  proxyHeaders: [],
  headers: [],
  errorPages: new Map(),
  defaultType: 'text/plain',
  logs: true,
  autoindex: false,
  isStatus: false,
};

const MOST_INCLUDES = 200;
/** Bytes of one file. */
const LONGEST_FILE = 1024 * 1024;

/** @throws NginxConfigError */
export function loadConfig(files: ContainerFileSystem, path: string): NginxConfig {
  let includes = 0;
  const read = (file: string): Directive[] => {
    includes++;
    if (includes > MOST_INCLUDES) throw new NginxConfigError(`too many includes in ${file}`);
    try {
      const content = files.readFile(file);
      if (content.length > LONGEST_FILE) throw new NginxConfigError(`file "${file}" is too large`);
      return expand(parseConfig(Buffer.from(content).toString(), file));
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      throw new NginxConfigError(`open() "${file}" failed (2: ${error.reason})`);
    }
  };
  const expand = (directives: readonly Directive[]): Directive[] =>
    directives.flatMap((directive) => {
      if (directive.name === 'include') return included(files, directive).flatMap(read);
      return [directive.block === undefined ? directive : { ...directive, block: expand(directive.block) }];
    });
  return meaningOf(read(path));
}

function included(files: ContainerFileSystem, { args, file, line }: Directive): string[] {
  const pattern = ContainerFileSystem.resolve('/etc/nginx', args[0] ?? '');
  // What the image's main configuration includes besides, the server knows by itself.
  if (pattern.endsWith('/mime.types')) return [];
  if (!pattern.includes('*')) {
    if (!files.exists(pattern))
      throw new NginxConfigError(`open() "${pattern}" failed (2: No such file or directory) in ${file}:${line}`);
    return [pattern];
  }
  const folder = pattern.slice(0, pattern.lastIndexOf('/'));
  const [before = '', after = ''] = pattern.slice(folder.length + 1).split('*');
  if (!files.exists(folder)) return [];
  const names = files
    .list(folder)
    .filter((name) => name.startsWith(before) && name.endsWith(after) && !name.startsWith('.'));
  return names.sort().map((name) => `${folder}/${name}`);
}

function meaningOf(directives: readonly Directive[]): NginxConfig {
  const http = directives.filter(({ name }) => name === 'http').flatMap(({ block = [] }) => block);
  const outer = scopeOf(http, OUTERMOST);
  const upstreams = http
    .filter(({ name }) => name === 'upstream')
    .map(({ args, block = [] }) => {
      const servers = block.filter(({ name }) => name === 'server').map((server) => server.args[0] ?? '');
      return [args[0] ?? '', servers] as const;
    });
  const servers = http.filter(({ name }) => name === 'server').map(({ block = [] }) => serverOf(block, outer));
  return { servers, upstreams: new Map(upstreams) };
}

function serverOf(block: readonly Directive[], outer: Scope): NginxServerBlock {
  const scope = scopeOf(block, outer);
  const listens = block.filter(({ name }) => name === 'listen');
  const ports = listens.map((listen) => portOf(listen));
  return {
    ports: ports.length === 0 ? [80] : [...new Set(ports)],
    isDefault: listens.some(({ args }) => args.includes('default_server')),
    names: block.filter(({ name }) => name === 'server_name').flatMap(({ args }) => args),
    scope,
    locations: locationsOf(block, scope),
  };
}

function portOf({ args, file, line }: Directive): number {
  const port = Number(/(?:^|:)(\d+)$/.exec(args[0] ?? '')?.[1] ?? 80);
  if (port < 1 || port > 65_535)
    throw new NginxConfigError(`invalid port in "${args[0]}" of the "listen" directive in ${file}:${line}`);
  return port;
}

function locationsOf(block: readonly Directive[], outer: Scope): Location[] {
  return block
    .filter(({ name }) => name === 'location')
    .flatMap(({ args, block: inner = [], file, line }) => {
      if (args.length === 0 || args.length > 2)
        throw new NginxConfigError(`invalid number of arguments in "location" directive in ${file}:${line}`);
      const [modifier = '', path = ''] = args.length === 2 ? args : ['', ...args];
      const scope = scopeOf(inner, {
        ...outer,
        answer: undefined,
        proxyPass: undefined,
        tryFiles: [],
        isStatus: false,
      });
      return [{ modifier, path, scope }, ...locationsOf(inner, scope)];
    });
}

function scopeOf(block: readonly Directive[], outer: Scope): Scope {
  const all = (name: string): readonly Directive[] => block.filter((directive) => directive.name === name);
  const last = (name: string): readonly string[] | undefined => all(name).at(-1)?.args;
  const pairs = (name: string): readonly (readonly [string, string])[] =>
    all(name).map(({ args }) => [args[0] ?? '', args[1] ?? ''] as const);
  const answer = all('return')[0];
  const proxy = all('proxy_pass')[0];
  const headers = pairs('add_header');
  const proxyHeaders = pairs('proxy_set_header');
  return {
    root: last('root')?.[0] ?? outer.root,
    alias: last('alias')?.[0],
    index: last('index') ?? outer.index,
    tryFiles: last('try_files') ?? outer.tryFiles,
    answer: answer ? answerOf(answer) : outer.answer,
    proxyPass: proxy ? { target: proxy.args[0] ?? '', place: `${proxy.file}:${proxy.line}` } : outer.proxyPass,
    proxyHeaders: proxyHeaders.length > 0 ? proxyHeaders : outer.proxyHeaders,
    headers: headers.length > 0 ? headers : outer.headers,
    errorPages: new Map([...outer.errorPages, ...all('error_page').flatMap(errorPagesOf)]),
    defaultType: last('default_type')?.[0] ?? outer.defaultType,
    logs: last('access_log') === undefined ? outer.logs : last('access_log')?.[0] !== 'off',
    autoindex: last('autoindex') === undefined ? outer.autoindex : last('autoindex')?.[0] === 'on',
    isStatus: all('stub_status').length > 0,
  };
}

/** `return 200 text`, `return 301 URL`, `return URL`. */
function answerOf({ args, file, line }: Directive): NonNullable<Scope['answer']> {
  const [first = '', text = ''] = args;
  if (args.length === 0 || args.length > 2)
    throw new NginxConfigError(`invalid number of arguments in "return" directive in ${file}:${line}`);
  if (/^https?:/.test(first)) return { code: 302, text: first };
  if (!/^\d{3}$/.test(first)) throw new NginxConfigError(`invalid return code "${first}" in ${file}:${line}`);
  return { code: Number(first), text };
}

function errorPagesOf({ args }: Directive): (readonly [number, string])[] {
  const page = args.at(-1) ?? '';
  return args
    .slice(0, -1)
    .filter((code) => /^\d+$/.test(code))
    .map((code) => [Number(code), page] as const);
}

/** The server block for a port and a Host header: by name, else the default one, else the first. */
export function chooseServer(config: NginxConfig, port: number, host: string): NginxServerBlock | undefined {
  const candidates = config.servers.filter(({ ports }) => ports.includes(port));
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return (
    candidates.find(({ names }) => names.includes(name)) ??
    candidates.find(({ names }) => names.some((own) => own.startsWith('*.') && name.endsWith(own.slice(1)))) ??
    candidates.find(({ isDefault }) => isDefault) ??
    candidates[0]
  );
}

/** nginx's order: exact, then the longest prefix if it says `^~`, then the first expression, then the longest prefix. */
export function chooseLocation(locations: readonly Location[], path: string): Location | undefined {
  const exact = locations.find(({ modifier, path: own }) => modifier === '=' && own === path);
  if (exact) return exact;
  const prefixes = locations.filter(
    ({ modifier, path: own }) => (modifier === '' || modifier === '^~') && path.startsWith(own),
  );
  const longest = prefixes.reduce<Location | undefined>(
    (best, one) => (best === undefined || one.path.length > best.path.length ? one : best),
    undefined,
  );
  if (longest?.modifier === '^~') return longest;
  const expression = locations.find(
    ({ modifier, path: own }) => modifier.startsWith('~') && matches(own, modifier === '~*', path),
  );
  return expression ?? longest;
}

/** By RE2, so that no pattern takes more than linear time. One that RE2 doesn't know matches nothing. */
function matches(pattern: string, ignoresCase: boolean, path: string): boolean {
  try {
    return RE2JS.compile(pattern, ignoresCase ? RE2JS.CASE_INSENSITIVE : 0)
      .matcher(path)
      .find();
  } catch {
    return false;
  }
}

/** The ports that a configuration listens on. */
export function portsOf({ servers }: NginxConfig): number[] {
  return [...new Set(servers.flatMap(({ ports }) => ports))];
}

/** Every proxy_pass of a configuration. */
export function proxiesOf({ servers }: NginxConfig): ProxyPass[] {
  const scopes = servers.flatMap(({ scope, locations }) => [scope, ...locations.map((location) => location.scope)]);
  return scopes.flatMap(({ proxyPass }) => proxyPass ?? []);
}
