/**
 * Commands that tell of the container and its processes.
 */
import { type Command, defineCommand, type ExecResult } from 'just-bash';
import type { ProcessContext } from '../../process/process-context.ts';
import { signalOf } from '../../process/signals.ts';

function said(stdout: string, exitCode = 0): ExecResult {
  return { stdout, stderr: '', exitCode };
}

function refused(stderr: string, exitCode = 1): ExecResult {
  return { stdout: '', stderr, exitCode };
}

export function processCommands(process: ProcessContext): Command[] {
  return [
    defineCommand('hostname', async (args) => said(`${args[0] === '-i' ? process.ip : process.hostname}\n`)),
    defineCommand('id', async (args) =>
      said(args.some((arg) => /^-[ug]/.test(arg)) ? '0\n' : 'uid=0(root) gid=0(root) groups=0(root)\n'),
    ),
    defineCommand('whoami', async () => said('root\n')),
    defineCommand('nproc', async () => said('4\n')),
    defineCommand('sync', async () => said('')),
    defineCommand('chown', async () => said('')),
    defineCommand('uname', async (args) => uname(args, process)),
    defineCommand('kill', async (args) => kill(args, process)),
    defineCommand('ps', async () => said('PID   USER     TIME  COMMAND\n    1 root      0:00 /proc/1/exe\n')),
    defineCommand('yes', async (args, ctx) =>
      said(`${args.join(' ') || 'y'}\n`.repeat(Math.min(YES_LINES, ctx.limits.maxOutputSize))),
    ),
  ];
}

/** `yes` never ends; commands here give their output at once, so it gives as much as anybody takes. */
const YES_LINES = 1000;

function uname(args: readonly string[], { hostname }: ProcessContext): ExecResult {
  if (args.includes('-a')) return said(`Linux ${hostname} 6.12.0-regatta #1 SMP x86_64 GNU/Linux\n`);
  if (args.includes('-n')) return said(`${hostname}\n`);
  if (args.includes('-r')) return said('6.12.0-regatta\n');
  return said(args.includes('-m') ? 'x86_64\n' : 'Linux\n');
}

/** Only the container's first process can be meant: the others are the shell's own. */
function kill(args: readonly string[], process: ProcessContext): ExecResult {
  const rest = [...args];
  let name = 'TERM';
  if (rest[0] === '-s') name = rest.splice(0, 2)[1] ?? '';
  else if (rest[0]?.startsWith('-')) name = rest.shift()?.slice(1) ?? '';
  const signal = name === '0' ? undefined : signalOf(name);
  if (name !== '0' && signal === undefined) return refused(`kill: ${name}: invalid signal specification\n`);
  const wrong = rest.find((pid) => pid !== '1');
  if (rest.length === 0) return refused('kill: usage: kill [-s SIGNAL] PID...\n', 2);
  if (wrong !== undefined) return refused(`kill: (${wrong}) - No such process\n`);
  // A container's first process can't be killed from within: the kernel protects it.
  process.kernel.kill(1, signal, process);
  return said('');
}
