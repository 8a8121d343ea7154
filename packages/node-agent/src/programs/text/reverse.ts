/**
 * `rev` and `tac`
 */
import { applet, eachInput, filterLines, latin1, linesOf, utf8 } from '../support/applet.ts';
import { parseOptions, UsageError } from '../support/command-line.ts';

/** What `tac` keeps at most. */
const MOST_BYTES = 32 * 1024 * 1024;

export const rev = applet(async (process, args) => {
  const { operands } = parseOptions(args, {});
  return eachInput(process, operands, (input) =>
    filterLines(process, input, (text) => latin1([...utf8(text)].reverse().join(''))),
  );
});

export const tac = applet(async (process, args) => {
  const { operands } = parseOptions(args, {});
  return eachInput(process, operands, async (input) => {
    const lines: string[] = [];
    let size = 0;
    for await (const text of linesOf(input)) {
      size += text.length;
      if (size > MOST_BYTES) throw new UsageError('memory exhausted');
      lines.push(text);
    }
    await process.print(Buffer.from(lines.reverse().join(''), 'latin1'));
  });
});
