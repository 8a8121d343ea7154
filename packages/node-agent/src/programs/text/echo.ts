/**
 * `echo` and `printf` as programs.
 */
import { applet, complain, flavourOf } from '../support/applet.ts';
import { UsageError } from '../support/command-line.ts';
import { echoText } from './echo-text.ts';
import { formatPrintf } from './printf-format.ts';

export const echo = applet(async (process, args) => {
  await process.print(echoText(args, false));
  return 0;
});

export const printf = applet(async (process, args) => {
  const [format, ...rest] = args[0] === '--' ? args.slice(1) : args;
  if (format === undefined) throw new UsageError('missing operand');
  const { text, invalid, badDirective } = formatPrintf(format, rest);
  if (text !== '') await process.print(text);
  const gnu = flavourOf(process) === 'gnu';
  for (const argument of invalid)
    await complain(process, gnu ? `'${argument}': expected a numeric value` : `invalid number '${argument}'`);
  if (badDirective !== undefined)
    await complain(
      process,
      gnu ? `${badDirective}: invalid conversion specification` : `${badDirective}: invalid format`,
    );
  return invalid.length > 0 || badDirective !== undefined ? 1 : 0;
});
