/**
 * What a namespace's labels ask of its Pods (upstream: staging/src/k8s.io/pod-security-admission/api).
 */
import { type FieldError, FieldPath, fieldErrors } from '@regatta/api';

export type Level = 'privileged' | 'baseline' | 'restricted';
export type Mode = 'enforce' | 'audit' | 'warn';

export interface LevelVersion {
  readonly level: Level;
  /** Minor version of Kubernetes whose rules hold; undefined for the latest. */
  readonly minor: number | undefined;
}

export type Policy = Readonly<Record<Mode, LevelVersion>>;

export interface ParsedPolicy {
  /** Valid always: what can't be read counts as restricted where it is enforced, as privileged elsewhere. */
  readonly policy: Policy;
  readonly errors: readonly FieldError[];
}

const LEVELS: readonly Level[] = ['privileged', 'baseline', 'restricted'];
const PREFIX = 'pod-security.kubernetes.io/';
const VERSION = /^v1\.(0|[1-9][0-9]*)$/;
const FREE: LevelVersion = { level: 'privileged', minor: undefined };
const NO_POLICY: ParsedPolicy = { policy: { enforce: FREE, audit: FREE, warn: FREE }, errors: [] };

type Labels = Readonly<Record<string, string>>;

export function policyOf(labels: Labels | undefined): ParsedPolicy {
  if (!labels || !Object.keys(labels).some((name) => name.startsWith(PREFIX))) return NO_POLICY;
  const errors: FieldError[] = [];
  const level = (mode: Mode): Level | 'bad' | undefined => {
    const text = own(labels, `${PREFIX}${mode}`);
    if (text === undefined || isLevel(text)) return text;
    errors.push(badLabel(`${PREFIX}${mode}`, text, 'must be one of privileged, baseline, restricted'));
    return 'bad';
  };
  const version = (mode: Mode): { readonly minor: number | undefined; readonly bad: boolean } | undefined => {
    const text = own(labels, `${PREFIX}${mode}-version`);
    if (text === undefined) return undefined;
    const bad = text !== 'latest' && !VERSION.test(text);
    if (bad) errors.push(badLabel(`${PREFIX}${mode}-version`, text, 'must be "latest" or "v1.x"'));
    return { minor: bad || text === 'latest' ? undefined : Number(text.slice('v1.'.length)), bad };
  };
  const asked = level('enforce');
  const askedVersion = version('enforce');
  const enforce: LevelVersion = {
    level: asked === 'bad' ? 'restricted' : (asked ?? 'privileged'),
    minor: askedVersion?.minor,
  };
  /** Audit and warn follow what is enforced unless they say something themselves. */
  const follower = (mode: Mode): LevelVersion => {
    const told = level(mode);
    const toldVersion = version(mode);
    const inherited = asked === undefined || asked === 'bad' ? 'privileged' : asked;
    const inheritedMinor = askedVersion && !askedVersion.bad ? askedVersion.minor : undefined;
    return {
      level: told === 'bad' ? 'privileged' : (told ?? inherited),
      minor: toldVersion ? toldVersion.minor : inheritedMinor,
    };
  };
  const policy: Policy = { enforce, audit: follower('audit'), warn: follower('warn') };
  return { policy, errors };
}

function own(labels: Labels, name: string): string | undefined {
  return Object.hasOwn(labels, name) ? labels[name] : undefined;
}

function isLevel(text: string): text is Level {
  return (LEVELS as readonly string[]).includes(text);
}

function badLabel(name: string, value: string, why: string): FieldError {
  return fieldErrors.invalid(FieldPath.root('metadata').child('labels').key(name), value, why);
}

/** `restricted:latest`, `baseline:v1.30` */
export function levelText({ level, minor }: LevelVersion): string {
  return `${level}:${minor === undefined ? 'latest' : `v1.${minor}`}`;
}

export function isSameLevel(a: LevelVersion, b: LevelVersion): boolean {
  return a.level === b.level && a.minor === b.minor;
}

export function isStricter(a: Level, b: Level): boolean {
  return LEVELS.indexOf(a) > LEVELS.indexOf(b);
}
