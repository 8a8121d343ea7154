/**
 * Rules that workloads share (upstream: pkg/apis/apps/validation/validation.go).
 */
import {
  isValidPercent,
  type LabelSelector,
  labelSelectorFrom,
  type PodTemplateSpec,
  wasGivenEmpty,
} from '@regatta/api';
import { checkPodTemplate } from '../core/pod-spec/template.ts';
import type { ErrorList } from '../validation/error-list.ts';
import type { Maybe } from '../validation/lists.ts';
import { type Path, SPEC, STATUS } from '../validation/path.ts';
import { checkLabelSelector, checkNotNegative, isEmptySelector } from '../validation/rules.ts';

const MISMATCH = '`selector` does not match template `labels`';
const AMOUNT = /^([0-9]+%|[+-]?[0-9]+)$/;
const TEMPLATE = SPEC.child('template');
const SELECTOR = SPEC.child('selector');

export function refuseLabels(errors: ErrorList, { metadata }: PodTemplateSpec): void {
  const shown = metadata && wasGivenEmpty(metadata, 'labels') ? {} : (metadata?.labels ?? null);
  errors.invalid(TEMPLATE.child('metadata').child('labels'), shown, MISMATCH);
}

/** @returns whether the labels are selected; undefined when the selector can't be read */
export function selects(
  selector: Maybe<LabelSelector>,
  labels: Readonly<Record<string, string>> | undefined,
): boolean | undefined {
  if (!selector) return false;
  try {
    return labelSelectorFrom(selector).matches(labels);
  } catch {
    return undefined;
  }
}

/** The selector, and that it selects the template's Pods. @param wrong what is told of one that can't be read */
export function checkSelectorAndTemplate(
  errors: ErrorList,
  workload: { readonly selector?: LabelSelector; readonly template: PodTemplateSpec },
  what: { readonly empty: string; readonly wrong: string },
  checkTemplate: (errors: ErrorList, path: Path, template: PodTemplateSpec) => void,
): void {
  const { selector, template } = workload;
  if (!selector) errors.required(SELECTOR);
  else {
    checkLabelSelector(errors, SELECTOR, selector);
    if (isEmptySelector(selector)) errors.invalid(SELECTOR, selector, what.empty);
  }
  const selected = selects(selector, template.metadata?.labels);
  if (selected === undefined) {
    errors.invalid(SELECTOR, selector, what.wrong);
    return;
  }
  if (!selected) refuseLabels(errors, template);
  checkTemplate(errors, TEMPLATE, template);
}

/** A template whose Pods are kept running. @param owner the kind, as it is named in the refusal */
export function runningTemplate(owner: string): (errors: ErrorList, path: Path, template: PodTemplateSpec) => void {
  return (errors, path, template) => {
    checkPodTemplate(errors, path, template);
    checkAlwaysRunning(errors, path, template, owner);
  };
}

export function checkAlwaysRunning(errors: ErrorList, path: Path, { spec }: PodTemplateSpec, owner: string): void {
  const at = path.child('spec');
  if (spec?.restartPolicy !== 'Always') {
    errors.notSupported(at.child('restartPolicy'), spec?.restartPolicy ?? '', ['Always']);
  }
  if (spec?.activeDeadlineSeconds !== undefined) {
    errors.forbidden(at.child('activeDeadlineSeconds'), `activeDeadlineSeconds in ${owner} is not Supported`);
  }
}

export function checkIntOrPercent(errors: ErrorList, at: Path, value: Maybe<number | string>): void {
  if (typeof value === 'string') errors.invalidEach(at, value, isValidPercent(value));
  else checkNotNegative(errors, at, value);
}

export function checkAtMostHundredPercent(errors: ErrorList, at: Path, value: Maybe<number | string>): void {
  if (typeof value !== 'string' || isValidPercent(value).length > 0 || Number.parseInt(value, 10) <= 100) return;
  errors.invalid(at, value, 'must not be greater than 100%');
}

/** 5 of 5, of '5' and of '5%'; 0 of what is neither. */
export function amountOf(value: Maybe<number | string>): number {
  if (typeof value !== 'string') return value ?? 0;
  return AMOUNT.test(value) ? Number.parseInt(value, 10) : 0;
}

type Counts = object | undefined;

/** Counters of a status: not negative, and where they are part of the whole not more than it. */
export function checkCounts(
  errors: ErrorList,
  status: Counts,
  counters: readonly string[],
  parts: readonly (readonly [part: string, whole: string, why: string])[],
): void {
  const count = (name: string): number => Number(Reflect.get(status ?? {}, name) ?? 0);
  for (const name of counters) checkNotNegative(errors, STATUS.child(name), count(name));
  for (const [part, whole, why] of parts) {
    if (count(part) > count(whole)) errors.invalid(STATUS.child(part), count(part), why);
  }
}

interface Collidable {
  readonly status?: { readonly collisionCount?: number };
}

export function checkCollisions(errors: ErrorList, { status }: Collidable, old: Collidable): void {
  const before = old.status?.collisionCount;
  if (before === undefined) return;
  const now = status?.collisionCount;
  if (now === undefined || now < before)
    errors.invalid(STATUS.child('collisionCount'), now ?? 0, 'cannot be decremented');
}

/** A name that becomes part of Pod names should be fit for one. */
export function podNameWarning(messages: readonly string[]): string[] {
  if (messages.length === 0) return [];
  return [
    `metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [${messages.join(' ')}]`,
  ];
}
