/**
 * `tee`
 */
import { isFileError } from '../../runtime/filesystem/file-error.ts';
import { applet, complain } from '../support/applet.ts';
import { parseOptions } from '../support/command-line.ts';

export const tee = applet(async (process, args) => {
  const line = parseOptions(args, { flags: 'aip', long: { append: 'a', 'ignore-interrupts': 'i' } });
  if (line.has('i')) process.onSignal('INT', 'ignore');
  let status = 0;
  const fds: number[] = [];
  for (const path of line.operands) {
    try {
      const file = process.open(path, {
        write: true,
        create: true,
        ...(line.has('a') ? { append: true } : { truncate: true }),
      });
      fds.push(process.fds.add(file, { from: 3 }));
    } catch (error) {
      if (!isFileError(error)) throw error;
      status = 1;
      await complain(process, `${path}: ${error.reason}`);
    }
  }
  for await (const chunk of process.stdin) {
    await process.print(chunk);
    for (const fd of fds) await process.writeTo(fd, chunk);
  }
  return status;
});
