/**
 * `test` and `[` as programs.
 */
import { absolute, applet, nameOf } from '../support/applet.ts';
import { UsageError } from '../support/command-line.ts';
import { evaluateTest, TestError } from './test-expression.ts';

export const test = applet(async (process, args) => {
  const bracket = nameOf(process) === '[';
  if (bracket && args.at(-1) !== ']') throw new UsageError('missing ]', 2);
  try {
    const host = {
      files: process.fileSystem(),
      process,
      absolute: (path: string) => absolute(process, path),
      badNumber: (text: string) => `bad number '${text}'`,
      unknownOperand: (text: string) => `${text}: unknown operand`,
    };
    return evaluateTest(host, bracket ? args.slice(0, -1) : args) ? 0 : 1;
  } catch (error) {
    if (error instanceof TestError) throw new UsageError(error.message, 2);
    throw error;
  }
});
