/**
 * image.yaml: an image of one's own as data (docs/guides/images.md).
 */
import { Quantity, QuantityError } from '@regatta/api';
import { parseDuration } from '@regatta/runtime';
import { SIGNAL_NUMBER, type Signal } from '../../runtime/process/signals.ts';
import { type DocumentProblems, FieldReader } from './document-reader.ts';

export interface ImageDocument {
  readonly repositories: readonly string[];
  readonly tags: readonly string[] | undefined;
  /** Bytes. */
  readonly size: number;
  readonly base: Base;
  readonly entrypoint: readonly string[] | undefined;
  readonly command: readonly string[] | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly workingDir: string | undefined;
  readonly stopSignal: Signal | undefined;
  readonly shell: boolean;
  readonly files: Readonly<Record<string, string>>;
  /** Who may pull it. */
  readonly login: { readonly username: string; readonly password: string } | undefined;
  readonly server: ServerDocument | undefined;
}

export type Base = 'alpine' | 'busybox' | 'debian';

/** What the built-in program `/server` does. Durations are milliseconds of cluster time. */
export interface ServerDocument {
  readonly port: number | undefined;
  readonly startupDelay: number;
  readonly startupLines: readonly string[];
  readonly routes: readonly RouteDocument[];
  readonly log: { readonly every: number; readonly lines: readonly string[] } | undefined;
  readonly exit: { readonly after: number; readonly code: number } | undefined;
  /** Seconds of TERM that it takes to end, and its exit code then. */
  readonly shutdown: { readonly delay: number; readonly code: number };
  readonly memory: number;
}

export interface RouteDocument {
  readonly path: string;
  readonly method: string | undefined;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly delay: number;
}

const DEFAULT_SIZE = 20 * 1024 * 1024;
const BASES: readonly Base[] = ['alpine', 'busybox', 'debian'];
const REPOSITORY = /^[a-z0-9]+([._/-]+[a-z0-9]+)*$/;
const MOST_ROUTES = 1000;

/** @param problems gets everything that is wrong; the document counts only when there is nothing */
export function readImageDocument(value: unknown, problems: DocumentProblems): ImageDocument {
  const fields = new FieldReader(value, '', problems);
  const repositories = fields.required('repositories', fields.texts('repositories')) ?? [];
  for (const name of repositories) {
    if (!REPOSITORY.test(name))
      problems.add('repositories', `"${name}" is no name of an image (without registry and tag)`);
  }
  if (repositories.length === 0) problems.add('repositories', 'must name the image at least once');
  const login = fields.nested('login');
  const server = fields.nested('server');
  const document: ImageDocument = {
    repositories,
    tags: fields.texts('tags'),
    size: fields.formed('size', 'a quantity such as 25Mi', bytes) ?? DEFAULT_SIZE,
    base:
      fields.formed('base', `one of ${BASES.join(', ')}`, (text) => BASES.find((base) => base === text)) ?? 'alpine',
    entrypoint: fields.texts('entrypoint'),
    command: fields.texts('command'),
    env: fields.textMap('env') ?? {},
    workingDir: fields.formed('workingDir', 'an absolute path', (text) => (text.startsWith('/') ? text : undefined)),
    stopSignal: fields.formed('stopSignal', 'a signal such as SIGTERM', signal),
    shell: fields.flag('shell') ?? true,
    files: fields.textMap('files') ?? {},
    login: login && {
      username: login.required('username', login.text('username')) ?? '',
      password: login.required('password', login.text('password')) ?? '',
    },
    server: server && readServer(server, problems),
  };
  for (const path of Object.keys(document.files)) {
    if (!path.startsWith('/')) problems.add(`files.${path}`, 'must be an absolute path');
  }
  login?.end();
  fields.end();
  return document;
}

function readServer(fields: FieldReader, problems: DocumentProblems): ServerDocument {
  const log = fields.nested('log');
  const exit = fields.nested('exit');
  const shutdown = fields.nested('shutdown');
  const routes = fields.list('routes', (value, place) => readRoute(new FieldReader(value, place, problems))) ?? [];
  if (routes.length > MOST_ROUTES) problems.add(fields.at('routes'), `must be at most ${MOST_ROUTES}`);
  const server: ServerDocument = {
    port: fields.integer('port', 1, 65_535),
    startupDelay: duration(fields, 'startupDelay') ?? 0,
    startupLines: fields.texts('startupLines') ?? [],
    routes,
    log: log && { every: log.required('every', duration(log, 'every')) ?? 1000, lines: log.texts('lines') ?? [] },
    exit: exit && { after: duration(exit, 'after') ?? 0, code: exit.integer('code', 0, 255) ?? 0 },
    shutdown: {
      delay: (shutdown && duration(shutdown, 'delay')) ?? 0,
      code: shutdown?.integer('code', 0, 255) ?? 0,
    },
    memory: fields.formed('memory', 'a quantity such as 25Mi', bytes) ?? 0,
  };
  if (server.log && server.log.every < SHORTEST_PERIOD) problems.add(fields.at('log.every'), 'must be at least 10ms');
  if (routes.length > 0 && fields.raw('port') === undefined)
    problems.add(fields.at('port'), 'is missing: the routes need one');
  for (const part of [fields, log, exit, shutdown]) part?.end();
  return server;
}

const SHORTEST_PERIOD = 10;

function readRoute(fields: FieldReader): RouteDocument {
  const route: RouteDocument = {
    path:
      fields.required(
        'path',
        fields.formed('path', 'a path that begins with /', (text) => (text.startsWith('/') ? text : undefined)),
      ) ?? '/',
    method: fields.text('method')?.toUpperCase(),
    status: fields.integer('status', 200, 599) ?? 200,
    headers: fields.textMap('headers') ?? {},
    body: fields.text('body') ?? '',
    delay: duration(fields, 'delay') ?? 0,
  };
  fields.end();
  return route;
}

function duration(fields: FieldReader, name: string): number | undefined {
  return fields.formed(name, 'a duration such as 500ms, 5s or 1m30s', parseDuration);
}

function bytes(text: string): number | undefined {
  try {
    const value = Number(Quantity.parse(text).value());
    return value >= 0 ? value : undefined;
  } catch (error) {
    if (!(error instanceof QuantityError)) throw error;
    return undefined;
  }
}

function signal(text: string): Signal | undefined {
  const name = text.replace(/^SIG/, '');
  return Object.hasOwn(SIGNAL_NUMBER, name) ? (name as Signal) : undefined;
}
