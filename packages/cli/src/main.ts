/**
 * The `regatta` program.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SystemClock } from '@regatta/runtime';
import { terminalIo } from './io.ts';
import { runCli } from './program.ts';

const programs = path.dirname(fileURLToPath(import.meta.url));
process.exitCode = await runCli(process.argv.slice(2), {
  io: terminalIo(),
  clock: new SystemClock(),
  programs,
  version: '0.1.0',
});
// A background start leaves an IPC channel and timers behind; the work is done.
process.exit();
