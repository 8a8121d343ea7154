/**
 * What a person's request was, in words: "scaled deployment web to 5".
 *
 * Only names are told, never contents: commands, bodies of objects and Secrets stay with whom they belong to.
 */
import type { AuditRecord } from '../audit/mod.ts';
import { INVITED_PREFIX } from '../guests/guest-tokens.ts';
import type { RequestInfo } from '../server/request-info.ts';
import { type FeedLine, feedName, feedText } from './feed-entry.ts';

/** Refusals that say nothing about anybody: somebody was faster, nothing is there, try again. */
const DULL_CODES = new Set([401, 404, 409, 410, 429]);
const LARGEST_SCALE_BODY = 4096;

const VERBS: Readonly<Record<string, string>> = {
  create: 'created',
  update: 'changed',
  patch: 'changed',
  delete: 'deleted',
  deletecollection: 'deleted all',
};

const SUBRESOURCES: Readonly<Record<string, string>> = {
  exec: 'ran a command in',
  attach: 'attached to',
  portforward: 'forwarded a port of',
  proxy: 'went through the proxy to',
  eviction: 'evicted',
  binding: 'bound',
  token: 'took a token of',
  ephemeralcontainers: 'debugs',
  resize: 'resized',
  scale: 'scaled',
  status: 'changed the status of',
  approval: 'decided on',
  finalize: 'finalized',
};

const INFINITIVES: Readonly<Record<string, string>> = {
  created: 'create',
  changed: 'change',
  deleted: 'delete',
  applied: 'apply',
  ran: 'run',
  attached: 'attach',
  forwarded: 'forward',
  went: 'go',
  evicted: 'evict',
  bound: 'bind',
  took: 'take',
  debugs: 'debug',
  resized: 'resize',
  scaled: 'scale',
  decided: 'decide',
  finalized: 'finalize',
  killed: 'kill',
  froze: 'freeze',
  thawed: 'thaw',
  healed: 'heal',
  disturbed: 'disturb',
  ended: 'end',
  showed: 'show',
  came: 'come',
  invited: 'invite',
};

/** @param kindOf the kind of a resource, lower case @returns undefined for what is not worth a line */
export function requestLine(record: AuditRecord, kindOf: (info: RequestInfo) => string): FeedLine | undefined {
  const { info, code = 0 } = record;
  if (DULL_CODES.has(code) || info.query.get('dryRun')) return undefined;
  const actor = record.impersonated ?? record.user;
  const who = feedName(actor.name.startsWith(INVITED_PREFIX) ? actor.name.slice(INVITED_PREFIX.length) : actor.name);
  const done = info.isResource ? resourceWords(record, kindOf) : pathWords(record);
  if (done === undefined) return undefined;
  const where = info.isResource && info.namespace !== '' && info.namespace !== who && info.resource !== 'namespaces';
  const what = where ? `${done} in ${feedName(info.namespace)}` : done;
  const failed = code >= 400;
  const text = failed ? failure(code, what) : what;
  const scope = info.namespace === '' ? 'nodes' : { namespace: info.namespace };
  return { kind: 'did', who, text: feedText(text), tone: failed ? 'bad' : 'plain', scope };
}

/** `may not delete pod web`, `failed to create deployment web (422)`. */
function failure(code: number, done: string): string {
  const [first = '', ...rest] = done.split(' ');
  const wanted = [INFINITIVES[first] ?? first, ...rest].join(' ');
  return code === 403 ? `may not ${wanted}` : `failed to ${wanted} (${code})`;
}

function resourceWords(record: AuditRecord, kindOf: (info: RequestInfo) => string): string | undefined {
  const { info } = record;
  const name = info.name || record.objectName || '';
  const what = `${kindOf(info)}${name === '' ? '' : ` ${feedName(name)}`}`;
  if (info.subresource === 'scale') return `scaled ${what}${scaleOf(record)}`;
  const special = SUBRESOURCES[info.subresource];
  if (special !== undefined) return `${special} ${what}`;
  if (info.subresource !== '') return undefined;
  if (info.verb === 'deletecollection') return `deleted all ${info.resource}`;
  const verb = isApply(record) ? 'applied' : VERBS[info.verb];
  return verb === undefined ? undefined : `${verb} ${what}`;
}

function isApply({ info, requestBody }: AuditRecord): boolean {
  if (info.verb !== 'patch') return false;
  const manager = info.query.get('fieldManager') ?? '';
  return manager.startsWith('kubectl-client-side-apply') || (requestBody?.mediaType ?? '').includes('apply-patch');
}

/** ` to 5`, when the request says it. */
function scaleOf({ requestBody }: AuditRecord): string {
  if (!requestBody || requestBody.bytes.length > LARGEST_SCALE_BODY) return '';
  const replicas = /"replicas":\s*(\d{1,9})/.exec(Buffer.from(requestBody.bytes).toString())?.[1];
  return replicas === undefined ? '' : ` to ${replicas}`;
}

const ACTS: Readonly<Record<string, string>> = {
  kill: 'killed',
  freeze: 'froze',
  thaw: 'thawed',
  partition: 'cut off',
  heal: 'healed the network of',
};

function pathWords({ info, method, objectName = '' }: AuditRecord): string | undefined {
  const [, root, , section, name = '', act = ''] = info.path.split('/');
  if (root !== 'regatta') return undefined;
  switch (section) {
    case 'nodes':
    case 'components':
      return `${ACTS[act] ?? act} ${feedName(name)}`;
    case 'links':
      return 'disturbed a link';
    case 'faults':
      return name === '' ? 'ended all faults' : `ended the fault ${feedName(name)}`;
    case 'speed':
      return 'changed how fast time runs';
    case 'guests':
      if (method === 'DELETE') return `showed ${feedName(name)} out`;
      return name === 'accept' ? 'came in' : `invited ${feedName(objectName)}`;
    default:
      return undefined;
  }
}
