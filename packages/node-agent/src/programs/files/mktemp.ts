/**
 * `mktemp`: names come from the process's number and a count, as nobody has to be kept from guessing them.
 */
import { absolute, applet } from '../support/applet.ts';
import { parseOptions, UsageError } from '../support/command-line.ts';

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const MOST_TRIES = 1000;

export const mktemp = applet(async (process, args) => {
  const line = parseOptions(args, {
    flags: 'dqut',
    values: 'p',
    long: { directory: 'd', tmpdir: 'p', 'dry-run': 'u' },
  });
  const directory = line.value('p') ?? process.env.get('TMPDIR') ?? '/tmp';
  const [given] = line.operands;
  const template = given ?? 'tmp.XXXXXX';
  const marks = /X{3,}(?=[^X]*$)/.exec(template)?.[0];
  if (marks === undefined) throw new UsageError(`too few X's in template '${template}'`);
  const files = process.fileSystem();
  for (let attempt = 0; attempt < MOST_TRIES; attempt++) {
    const name = template.replace(
      /X{3,}(?=[^X]*$)/,
      letters(process.pid * 7919 + process.clock.now() + attempt, marks.length),
    );
    const path = given === undefined || line.has('p') || line.has('t') ? `${directory}/${name}` : name;
    const place = absolute(process, path);
    if (files.exists(place)) continue;
    if (line.has('d')) files.makeDirectory(place, false, 0o700);
    else if (!line.has('u')) files.writeFile(place, new Uint8Array(0), 0o600);
    await process.print(`${path}\n`);
    return 0;
  }
  throw new UsageError(`can't create '${template}'`);
});

function letters(seed: number, count: number): string {
  let state = seed >>> 0;
  let text = '';
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += LETTERS.charAt((state >>> 16) % LETTERS.length);
  }
  return text;
}
