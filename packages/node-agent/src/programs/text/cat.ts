/**
 * `cat`; also `less` and `more`, which show everything at once.
 */
import { applet, eachInput, filterLines, linesOf, nameOf } from '../support/applet.ts';
import { parseOptions } from '../support/command-line.ts';

export const cat = applet(async (process, args) => {
  const rules = nameOf(process) === 'cat' ? { flags: 'nbsetuvAET' } : { flags: 'eEFIMmNnRSXcdfplsu' };
  const line = parseOptions(args, rules);
  const numbers = nameOf(process) === 'cat' && (line.has('n') || line.has('b'));
  const ends = nameOf(process) === 'cat' && (line.has('e') || line.has('A') || line.has('E'));
  let number = 0;
  return eachInput(process, line.operands, async (input) => {
    if (!numbers && !ends) {
      for await (const chunk of input) await process.print(chunk);
      return;
    }
    if (ends && !numbers) return filterLines(process, input, (text) => `${text}$`);
    for await (const text of linesOf(input)) {
      const counted = !(line.has('b') && text === '\n');
      await process.print(Buffer.from(counted ? `${String(++number).padStart(6)}\t${text}` : text, 'latin1'));
    }
  });
});
