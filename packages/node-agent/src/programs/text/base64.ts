/**
 * `base64`
 */
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { applet, eachInput } from '../support/applet.ts';
import { parseOptions, UsageError } from '../support/command-line.ts';

export const base64 = applet(async (process, args) => {
  const line = parseOptions(args, {
    flags: 'di',
    values: 'w',
    long: { decode: 'd', wrap: 'w', 'ignore-garbage': 'i' },
  });
  const width = Number(line.value('w') ?? 76);
  return eachInput(process, line.operands.slice(0, 1), (input) =>
    line.has('d') ? decode(process, input, line.has('i')) : encode(process, input, width),
  );
});

/** In pieces of whole lines. */
async function encode(process: ProcessContext, input: AsyncIterable<Uint8Array>, width: number): Promise<void> {
  let rest: Uint8Array = new Uint8Array(0);
  let column = 0;
  const print = async (text: string): Promise<void> => {
    let output = '';
    for (let at = 0; at < text.length; ) {
      const take = width === 0 ? text.length : Math.min(width - column, text.length - at);
      output += text.slice(at, at + take);
      at += take;
      column += take;
      if (width > 0 && column === width) {
        output += '\n';
        column = 0;
      }
    }
    await process.print(output);
  };
  for await (const chunk of input) {
    const bytes = Buffer.concat([rest, chunk]);
    const whole = bytes.length - (bytes.length % 3);
    await print(bytes.subarray(0, whole).toString('base64'));
    rest = Buffer.from(bytes.subarray(whole));
  }
  if (rest.length > 0) await print(Buffer.from(rest).toString('base64'));
  if (width > 0 && column > 0) await process.print('\n');
}

async function decode(process: ProcessContext, input: AsyncIterable<Uint8Array>, lenient: boolean): Promise<void> {
  let rest = '';
  for await (const chunk of input) {
    const text =
      rest +
      Buffer.from(chunk)
        .toString('latin1')
        .replace(lenient ? /[^A-Za-z0-9+/=]/g : /[\r\n]/g, '');
    if (/[^A-Za-z0-9+/=]/.test(text)) throw new UsageError('invalid input');
    const whole = text.length - (text.length % 4);
    await process.print(Buffer.from(text.slice(0, whole), 'base64'));
    rest = text.slice(whole);
  }
  if (rest === '') return;
  await process.print(Buffer.from(rest, 'base64'));
  throw new UsageError('truncated input');
}
