/**
 * Jobs and signals as shells show them.
 */
import type { Signal } from '../../process/signals.ts';
import type { Job } from './jobs.ts';
import type { Shell } from './shell.ts';

const SIGNAL_TEXT: Readonly<Partial<Record<Signal, string>>> = {
  HUP: 'Hangup',
  INT: 'Interrupt',
  QUIT: 'Quit',
  ILL: 'Illegal instruction',
  ABRT: 'Aborted',
  FPE: 'Floating point exception',
  KILL: 'Killed',
  USR1: 'User defined signal 1',
  SEGV: 'Segmentation fault',
  USR2: 'User defined signal 2',
  PIPE: 'Broken pipe',
  ALRM: 'Alarm clock',
  TERM: 'Terminated',
};

export function signalText(signal: Signal): string {
  return SIGNAL_TEXT[signal] ?? `Signal ${signal}`;
}

/** A line of `jobs`. */
export function describeJob(shell: Shell, job: Job, long = false): string {
  const width = shell.dialect === 'bash' ? 22 : 26;
  const pid = long ? `${shell.dialect === 'bash' ? String(job.pgid).padStart(5) : job.pgid} ` : '';
  const text = job.state === 'running' && shell.dialect === 'bash' ? `${job.text} &` : job.text;
  const gap = shell.dialect === 'bash' ? '  ' : ' ';
  return `[${job.number}]${shell.jobs.mark(job)}${gap}${pid}${stateText(shell, job).padEnd(width)} ${text}`;
}

function stateText(shell: Shell, job: Job): string {
  if (job.state === 'running') return 'Running';
  if (job.state === 'stopped') return 'Stopped';
  const status = job.lastStatus;
  if (status !== undefined && 'signal' in status) return signalText(status.signal);
  const code = job.code();
  if (code === 0) return 'Done';
  return shell.dialect === 'bash' ? `Exit ${code}` : `Done(${code})`;
}
