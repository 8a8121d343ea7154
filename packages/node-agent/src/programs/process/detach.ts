/**
 * nohup and setsid: programs that outlive the terminal they were started from (busybox coreutils/nohup.c,
 * util-linux/setsid.c).
 */
import { exitCodeOf } from '../../runtime/process/exit-status.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { execute } from './priority.ts';

export async function nohup(process: ProcessContext): Promise<number> {
  const words = process.argv.slice(1);
  if (words.length === 0) {
    await process.printError('nohup: usage: nohup PROG ARGS\n');
    return 125;
  }
  const isTerminal = (fd: number): boolean => process.fds.has(fd) && process.fds.get(fd).terminal !== undefined;
  if (isTerminal(0)) process.fds.set(0, process.open('/dev/null', { read: true }));
  if (isTerminal(1)) {
    process.fds.set(1, process.open('nohup.out', { write: true, append: true, create: true, mode: 0o600 }));
    await process.printError('nohup: appending output to nohup.out\n');
  }
  if (isTerminal(2)) process.fds.dup2(1, 2);
  process.onSignal('HUP', 'ignore');
  return execute(process, words);
}

/** `setsid [-c] PROG ARGS…`; the leader of a group can't have a session of its own, so it leaves that to a child. */
export async function setsid(process: ProcessContext): Promise<number> {
  const words = process.argv.slice(1).filter((word, i) => i > 0 || !/^-[cfw]$/.test(word));
  if (words.length === 0) {
    await process.printError('Usage: setsid [-c] PROG ARGS\n');
    return 1;
  }
  if (process.pgid !== process.pid) {
    process.setSession();
    return execute(process, words);
  }
  const child = process.spawn({ argv: words, session: 'new', program: (session) => execute(session, words) });
  return process.argv.includes('-w') ? exitCodeOf(await child.wait()) : 0;
}
