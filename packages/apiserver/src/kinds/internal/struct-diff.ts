/**
 * The difference of two internal structs as upstream tells it in messages: a unified diff of their JSON, three lines of
 * context, no file names (upstream: k8s.io/apimachinery/pkg/util/diff Diff).
 */
import { internalForm } from './internal-form.ts';
import { type Step, stepsBetween } from './sequence-matcher.ts';

const CONTEXT = 3;

/** @param type as `internalForm` takes it */
export function structDiff(type: string, before: unknown, after: unknown): string {
  return jsonDiff(internalForm(type, before), internalForm(type, after));
}

/** Of two values as they are. */
export function jsonDiff(before: unknown, after: unknown): string {
  return unifiedDiff(linesOf(before), linesOf(after));
}

function linesOf(value: unknown): string[] {
  const text = JSON.stringify(value, null, 1).replace(/[<>&\u2028\u2029]/g, escaped);
  return text.split('\n').map((line) => `${line}\n`);
}

/** As Go's encoding/json escapes. */
function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Lines end with a newline. */
export function unifiedDiff(a: readonly string[], b: readonly string[]): string {
  return hunks(stepsBetween(a, b))
    .map((hunk) => `${header(hunk)}${hunk.map((step) => body(step, a, b)).join('')}`)
    .join('');
}

function body({ equal, aFrom, aTo, bFrom, bTo }: Step, a: readonly string[], b: readonly string[]): string {
  const [old, now] = [a.slice(aFrom, aTo), b.slice(bFrom, bTo)];
  if (equal) return old.map((line) => ` ${line}`).join('');
  return [...old.map((line) => `-${line}`), ...now.map((line) => `+${line}`)].join('');
}

function header(hunk: readonly Step[]): string {
  const [first, last] = [hunk[0], hunk.at(-1)];
  if (!first || !last) return '';
  return `@@ -${range(first.aFrom, last.aTo)} +${range(first.bFrom, last.bTo)} @@\n`;
}

/** Lines count from 1; a range without any stands before the line that follows. */
function range(from: number, to: number): string {
  const length = to - from;
  if (length === 1) return String(from + 1);
  return `${length === 0 ? from : from + 1},${length}`;
}

/** Changes with what stands around them; those that are far apart stand alone. */
function hunks(steps: readonly Step[]): Step[][] {
  const groups: Step[][] = [];
  let group: Step[] = [];
  for (const [i, step] of steps.entries()) {
    if (!step.equal) {
      group.push(step);
      continue;
    }
    const [isFirst, isLast] = [i === 0, i === steps.length - 1];
    if (isFirst) group.push(isLast ? step : tail(step));
    else if (isLast) group.push(head(step));
    else if (step.aTo - step.aFrom > 2 * CONTEXT) {
      groups.push([...group, head(step)]);
      group = [tail(step)];
    } else group.push(step);
  }
  if (group.some(({ equal }) => !equal)) groups.push(group);
  return groups;
}

function head(step: Step): Step {
  const length = Math.min(CONTEXT, step.aTo - step.aFrom);
  return { ...step, aTo: step.aFrom + length, bTo: step.bFrom + length };
}

function tail(step: Step): Step {
  const length = Math.min(CONTEXT, step.aTo - step.aFrom);
  return { ...step, aFrom: step.aTo - length, bFrom: step.bTo - length };
}
