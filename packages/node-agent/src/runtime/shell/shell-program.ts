/**
 * Shell scripts and tools, run by the just-bash interpreter.
 */
import type { ProcessContext } from '../process/process.ts';

export async function runShell(process: ProcessContext): Promise<number> {
  void process;
  return 0;
}
export const runTool = runShell;
export const runScriptFile = runShell;
