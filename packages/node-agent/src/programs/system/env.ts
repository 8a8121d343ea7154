/**
 * `env` and `printenv`
 */
import { applet } from '../support/applet.ts';
import { parseOptions } from '../support/command-line.ts';
import { programOf } from '../support/run-program.ts';

export const env = applet(async (process, args) => {
  const line = parseOptions(args, {
    flags: 'i0',
    values: 'uC',
    stopAtOperand: true,
    long: { 'ignore-environment': 'i', unset: 'u', null: '0' },
  });
  const variables = new Map(line.has('i') || args.includes('-') ? [] : process.env);
  for (const name of line.values('u')) variables.delete(name);
  const operands = line.operands[0] === '-' ? line.operands.slice(1) : line.operands;
  let at = 0;
  for (; (operands[at] ?? '').includes('='); at++) {
    const word = operands[at] ?? '';
    variables.set(word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1));
  }
  const command = operands.slice(at);
  const [name] = command;
  if (name !== undefined) return process.exec(command, variables, programOf(process, name, variables));
  await process.print([...variables].map(([key, value]) => `${key}=${value}${line.has('0') ? '\0' : '\n'}`).join(''));
  return 0;
});

export const printenv = applet(async (process, args) => {
  if (args.length === 0) {
    await process.print([...process.env].map(([key, value]) => `${key}=${value}\n`).join(''));
    return 0;
  }
  let status = 0;
  for (const name of args) {
    const value = process.env.get(name);
    if (value === undefined) status = 1;
    else await process.print(`${value}\n`);
  }
  return status;
});
