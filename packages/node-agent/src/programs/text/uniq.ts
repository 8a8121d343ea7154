/**
 * `uniq`
 */
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { applet, eachInput, lineBatches, OutputBuffer } from '../support/applet.ts';
import { type CommandLine, parseOptions } from '../support/command-line.ts';

export const uniq = applet(async (process, args) => {
  const line = parseOptions(args, {
    flags: 'cdui',
    values: 'fsw',
    long: {
      count: 'c',
      repeated: 'd',
      unique: 'u',
      'ignore-case': 'i',
      'skip-fields': 'f',
      'skip-chars': 's',
      'check-chars': 'w',
    },
  });
  return eachInput(process, line.operands.slice(0, 1), (input) => collapse(process, input, line));
});

async function collapse(process: ProcessContext, input: AsyncIterable<Uint8Array>, line: CommandLine): Promise<void> {
  const output = new OutputBuffer(process);
  let current: { text: string; key: string; count: number } | undefined;
  const end = async (): Promise<void> => {
    if (current === undefined || (line.has('d') && current.count < 2) || (line.has('u') && current.count > 1)) return;
    await output.write(`${line.has('c') ? `${String(current.count).padStart(7)} ` : ''}${current.text}\n`);
  };
  for await (const lines of lineBatches(input)) {
    for (const text of lines) {
      const key = keyOf(text, line);
      if (current?.key === key) current.count++;
      else {
        await end();
        current = { text, key, count: 1 };
      }
    }
    await output.flush();
    await process.step();
  }
  await end();
  await output.flush();
}

function keyOf(text: string, line: CommandLine): string {
  let key = text;
  for (let skip = Number(line.value('f') ?? 0); skip > 0; skip--) key = key.replace(/^\s*\S*/, '');
  key = key.slice(Number(line.value('s') ?? 0));
  const width = line.value('w');
  if (width !== undefined) key = key.slice(0, Number(width));
  return line.has('i') ? key.toLowerCase() : key;
}
