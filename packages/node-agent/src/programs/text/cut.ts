/**
 * `cut`
 */
import { applet, eachInput, filterLines, latin1, utf8 } from '../support/applet.ts';
import { parseOptions, UsageError } from '../support/command-line.ts';

type Ranges = readonly (readonly [from: number, to: number])[];

export const cut = applet(async (process, args) => {
  const line = parseOptions(args, {
    flags: 'sn',
    values: 'bcfdO',
    long: { fields: 'f', delimiter: 'd', characters: 'c', bytes: 'b', 'only-delimited': 's', 'output-delimiter': 'O' },
  });
  const list = line.value('f') ?? line.value('c') ?? line.value('b');
  if (list === undefined) throw new UsageError('expected a list of bytes, characters, or fields');
  const ranges = rangesOf(list);
  const delimiter = line.value('d') ?? '\t';
  const joiner = latin1(line.value('O') ?? delimiter);
  const change = (text: string): string | undefined => {
    if (line.has('b')) return picked([...text], ranges).join('');
    if (line.has('c')) return latin1(picked([...utf8(text)], ranges).join(''));
    if (!text.includes(latin1(delimiter))) return line.has('s') ? undefined : text;
    return picked(text.split(latin1(delimiter)), ranges).join(joiner);
  };
  return eachInput(process, line.operands, (input) => filterLines(process, input, change));
});

function rangesOf(list: string): Ranges {
  return list.split(',').map((text): readonly [number, number] => {
    const match = /^(\d*)(-?)(\d*)$/.exec(text.trim());
    if (match === null || text === '' || text === '-') throw new UsageError(`invalid byte, character or field list`);
    const from = match[1] === '' ? 1 : Number(match[1]);
    const to = match[2] === '' ? from : match[3] === '' ? Number.POSITIVE_INFINITY : Number(match[3]);
    if (from < 1) throw new UsageError('fields are numbered from 1');
    return [from, to];
  });
}

function picked(items: readonly string[], ranges: Ranges): string[] {
  return items.filter((_, i) => ranges.some(([from, to]) => from <= i + 1 && i + 1 <= to));
}
