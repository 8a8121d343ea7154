/**
 * stress and stress-ng: hogs of processor and memory (upstream: stress(1), as polinux/stress has it).
 *
 * Memory is charged to the container's account and held nowhere; whoever is over its limit is killed by the kernel.
 * Processor time is really used, in steps that leave others their share.
 */

import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { parseFlags, parseGoDuration } from '../agnhost/flags.ts';
import { defineImage } from '../define-image.ts';

const DEFAULT_VM_BYTES = 256 * 1024 * 1024;
const UNITS: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
/** Square roots between two steps. */
const WORK = 2_000;
const IDLE_MS = 1_000;

const LETTERS = { c: 'cpu', i: 'io', m: 'vm', d: 'hdd', t: 'timeout', q: 'quiet', v: 'verbose' };
const SWITCHES = ['quiet', 'verbose', 'vm-keep', 'metrics', 'metrics-brief', 'help', 'version', 'verify'];

export async function stress(process: ProcessContext): Promise<number> {
  const name = process.argv[0]?.split('/').at(-1) ?? 'stress';
  const flags = parseFlags(process.argv.slice(1), { switches: SWITCHES, letters: LETTERS });
  const [cpu, io, vm, hdd] = ['cpu', 'io', 'vm', 'hdd'].map((kind) => flags.number(kind, 0));
  const say = (text: string): void => process.write('stdout', `${name}: info: [${process.pid}] ${text}\n`);
  if (!cpu && !io && !vm && !hdd) {
    process.write('stdout', `Usage: ${name} [OPTION [ARG]] ...\n`);
    return name === 'stress' ? 0 : 1;
  }
  say(`dispatching hogs: ${cpu} cpu, ${io} io, ${vm} vm, ${hdd} hdd`);
  const startedAt = process.clock.now();
  const limit = duration(flags.text('timeout', ''));
  const bytes = (vm ?? 0) * size(flags.text('vm-bytes', ''), process);
  process.memory.charge(bytes, 'emulated');
  while (limit === undefined || process.clock.elapsed(startedAt) < limit) {
    if (cpu || io || hdd) await compute(process);
    else await process.sleep(Math.min(IDLE_MS, limit ?? IDLE_MS));
  }
  process.memory.release(bytes, 'emulated');
  say(`successful run completed in ${Math.round(process.clock.elapsed(startedAt) / 1000)}s`);
  return 0;
}

async function compute(process: ProcessContext): Promise<void> {
  let sum = 0;
  for (let i = 0; i < WORK; i++) sum += Math.sqrt(i);
  if (sum < 0) return;
  await process.step();
}

/** `250M`, `1g`, `80%` of the container's limit; 256 MiB when it isn't said. */
function size(text: string, { memory }: ProcessContext): number {
  const found = /^(\d+(?:\.\d+)?)([bkmg%]?)$/i.exec(text);
  if (found === null) return DEFAULT_VM_BYTES;
  const [, count, unit = ''] = found;
  if (unit === '%') return Number.isFinite(memory.limit) ? (memory.limit * Number(count)) / 100 : DEFAULT_VM_BYTES;
  return Number(count) * (UNITS[unit.toLowerCase()] ?? 1);
}

/** Seconds unless it says otherwise; undefined: for ever. */
function duration(text: string): number | undefined {
  if (text === '') return undefined;
  return /^\d+$/.test(text) ? Number(text) * 1000 : parseGoDuration(text);
}

export const STRESS_IMAGE = defineImage({
  repositories: ['polinux/stress', 'progrium/stress', 'polinux/stress-ng', 'alexeiled/stress-ng', 'vish/stress'],
  size: 4_041_005,
  programs: {
    '/usr/local/bin/stress': stress,
    '/usr/bin/stress': stress,
    '/usr/bin/stress-ng': stress,
    '/stress-ng': stress,
  },
  entrypoint: [],
  command: ['stress'],
});
