/**
 * `md5sum`, `sha1sum`, `sha256sum`, `sha512sum`: making and checking.
 */
import { createHash } from 'node:crypto';
import { isFileError } from '../../runtime/filesystem/file-error.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { applet, complain, eachInput, inputOf, linesOf, nameOf } from '../support/applet.ts';
import { parseOptions } from '../support/command-line.ts';

export const checksum = applet(async (process, args) => {
  const line = parseOptions(args, {
    flags: 'cbstw',
    long: { check: 'c', binary: 'b', text: 't', status: 's', warn: 'w', quiet: 's' },
  });
  const algorithm = nameOf(process).replace(/sum$/, '');
  if (line.has('c')) return check(process, algorithm, line.operands, line.has('s'));
  return eachInput(process, line.operands, async (input, path) => {
    await process.print(`${await digest(process, algorithm, input)}  ${path}\n`);
  });
});

async function digest(process: ProcessContext, algorithm: string, input: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of input) {
    hash.update(chunk);
    await process.step();
  }
  return hash.digest('hex');
}

async function check(
  process: ProcessContext,
  algorithm: string,
  paths: readonly string[],
  silent: boolean,
): Promise<number> {
  let total = 0;
  let failed = 0;
  await eachInput(process, paths, async (input) => {
    for await (const text of linesOf(input)) {
      const match = /^([0-9a-fA-F]+) [ *](.+?)\n?$/.exec(text);
      if (match?.[1] === undefined || match[2] === undefined) continue;
      total++;
      const same = (await digestOf(process, algorithm, match[2])) === match[1].toLowerCase();
      if (!same) failed++;
      if (!silent || !same) await process.print(`${match[2]}: ${same ? 'OK' : 'FAILED'}\n`);
    }
  });
  if (failed > 0) await complain(process, `WARNING: ${failed} of ${total} computed checksums did NOT match`);
  return failed > 0 || total === 0 ? 1 : 0;
}

async function digestOf(process: ProcessContext, algorithm: string, path: string): Promise<string | undefined> {
  try {
    return await digest(process, algorithm, inputOf(process, path));
  } catch (error) {
    if (!isFileError(error)) throw error;
    await complain(process, `${path}: ${error.reason}`);
    return undefined;
  }
}
