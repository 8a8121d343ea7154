/**
 * Assignments: texts, elements and whole arrays, in plain commands and in the arguments of `declare` and its like.
 */
import type { ArrayElement, Assignment, Word } from '../syntax/ast.ts';
import type { Shell } from './shell.ts';

/** Sets a variable as an assignment says. */
export async function assign(shell: Shell, assignment: Assignment): Promise<void> {
  const { name, subscript, append, value } = assignment;
  if (isArray(value)) return assignArray(shell, name, value, append);
  const text = await shell.expander.text(value, true);
  const { variables } = shell.state;
  if (subscript === undefined) return assignText(shell, name, text, append);
  const key = await subscriptText(shell, name, subscript);
  variables.setElement(name, key, append ? (variables.element(name, key) ?? '') + text : text);
}

export function assignText(shell: Shell, name: string, text: string, append: boolean): void {
  const { variables } = shell.state;
  const integer = variables.find(name)?.integer === true;
  const before = append ? (variables.get(name) ?? '') : '';
  const joined = integer && append ? `${before === '' ? 0 : before}+(${text})` : before + text;
  variables.set(name, integer ? String(shell.arithmetic(joined)) : joined);
  if (shell.state.options.has('allexport')) variables.declare(name).exported = true;
}

export function isArray(value: Word | readonly ArrayElement[]): value is readonly ArrayElement[] {
  return Array.isArray(value);
}

async function subscriptText(shell: Shell, name: string, subscript: Word): Promise<string> {
  const text = await shell.expander.text(subscript);
  return shell.state.variables.find(name)?.table ? text : String(shell.arithmetic(text));
}

export async function assignArray(
  shell: Shell,
  name: string,
  elements: readonly ArrayElement[],
  append: boolean,
): Promise<void> {
  const { variables } = shell.state;
  const variable = variables.find(name);
  if (variable?.table) {
    const table = new Map(append ? variable.table : []);
    for (const { subscript, value } of elements) {
      if (subscript === undefined) continue;
      table.set(await shell.expander.text(subscript), await shell.expander.text(value));
    }
    return variables.setTable(name, table);
  }
  const array = new Map<number, string>(
    append ? variables.keys(name).map((key, i) => [Number(key), variables.elements(name)[i] ?? '']) : [],
  );
  let next = array.size === 0 ? 0 : Math.max(...array.keys()) + 1;
  for (const { subscript, value } of elements) {
    if (subscript !== undefined) {
      next = Number(shell.arithmetic(await shell.expander.text(subscript)));
      array.set(next++, await shell.expander.text(value));
    } else for (const text of await shell.expander.words([value])) array.set(next++, text);
  }
  variables.setArray(name, array);
}
