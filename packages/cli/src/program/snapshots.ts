/**
 * Options and help of `regatta snapshot`.
 */
import type { Command } from 'commander';
import { restoreSnapshot, saveSnapshot, snapshotStatus } from '../commands/snapshot.ts';
import type { Run } from './run.ts';

export function addSnapshots(program: Command, run: Run): void {
  const snapshot = program.command('snapshot').description('save the state of a cluster in a file, and restore it');
  snapshot
    .command('save')
    .argument('<file>')
    .description('save the state of a running cluster, or of the stopped one in the data folder')
    .action((file: string) => run((environment) => saveSnapshot(environment, file))());
  snapshot
    .command('restore')
    .argument('<file>')
    .description('put a saved state into a stopped or a new data folder; what was there is kept beside it')
    .action((file: string) => run((environment) => restoreSnapshot(environment, file))());
  snapshot
    .command('status')
    .argument('<file>')
    .description('check a file, and show what is in it')
    .action((file: string) => run((environment) => snapshotStatus(environment, file))());
}
