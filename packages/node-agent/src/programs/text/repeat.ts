/**
 * `yes` and `seq`: text without an input.
 */
import { applet, OutputBuffer } from '../support/applet.ts';
import { parseOptions, UsageError } from '../support/command-line.ts';
import { formatPrintf } from './printf-format.ts';

const BLOCK_BYTES = 8192;

export const yes = applet(async (process, args) => {
  const text = `${args.join(' ') || 'y'}\n`;
  const block = Buffer.from(text.repeat(Math.max(1, Math.floor(BLOCK_BYTES / text.length))));
  for (;;) await process.print(block);
});

export const seq = applet(async (process, args) => {
  // A negative number is no option.
  const at = args.findIndex(
    (word) => /^-?[0-9.]/.test(word) && !['-s', '-f'].includes(args[args.indexOf(word) - 1] ?? ''),
  );
  const line = parseOptions(at < 0 ? args : args.slice(0, at), { flags: 'w', values: 'sf' });
  const texts = at < 0 ? [] : args.slice(at);
  const numbers = texts.map(Number);
  const [first, by, last] =
    numbers.length === 1 ? [1, 1, numbers[0]] : numbers.length === 2 ? [numbers[0], 1, numbers[1]] : numbers;
  if (first === undefined || by === undefined || last === undefined || numbers.length > 3)
    throw new UsageError('missing operand');
  const wrong = texts[numbers.findIndex(Number.isNaN)];
  if (wrong !== undefined) throw new UsageError(`invalid floating point argument: '${wrong}'`);
  if (by === 0) throw new UsageError(`invalid Zero increment value: '${texts[1]}'`);
  const digits = Math.max(
    ...texts.slice(0, texts.length === 3 ? 2 : 1).map((text) => /\.(\d*)/.exec(text)?.[1]?.length ?? 0),
  );
  const width = line.has('w') ? Math.max(first.toFixed(digits).length, last.toFixed(digits).length) : 0;
  const separator = line.value('s') ?? '\n';
  const format = line.value('f');
  const output = new OutputBuffer(process);
  const count = Math.floor((last - first) / by + 1e-9);
  for (let i = 0; i <= count; i++) {
    const value = (first + i * by).toFixed(digits);
    const text = format === undefined ? padded(value, width) : formatPrintf(format, [value]).text;
    await output.write((i > 0 ? separator : '') + text);
    if (i % 64 === 0) await process.step();
  }
  if (count >= 0) await output.write('\n');
  await output.flush();
  return 0;
});

function padded(text: string, width: number): string {
  return text.startsWith('-') ? `-${text.slice(1).padStart(width - 1, '0')}` : text.padStart(width, '0');
}
