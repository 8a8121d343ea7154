/**
 * /proc/PID: what the kernel tells of one process (proc(5)).
 */
import { DeviceNode, DirectoryNode, encodeText, type FsNode, GeneratedNode, SymlinkNode } from '../filesystem/nodes.ts';
import type { OpenFile } from '../process/open-file.ts';
import type { EmulatedProcess } from '../process/process.ts';
import { signalMask } from '../process/signals.ts';
import type { CapabilitySets } from './capabilities.ts';

/** What a small program takes of memory before it does anything, bytes. */
export const BASE_RESIDENT = 1024 * 1024;
export const BASE_VIRTUAL = 4400 * 1024;
/** Clock ticks of a second, in which the kernel counts time (USER_HZ). */
export const TICKS = 100;
const PAGE = 4096;

const STATES = { R: 'running', S: 'sleeping', T: 'stopped', Z: 'zombie' } as const;

export interface ProcessFilesOptions {
  readonly process: EmulatedProcess;
  /** Epoch milliseconds. */
  readonly bootedAt: number;
  readonly capabilities: CapabilitySets;
  readonly noNewPrivileges: boolean;
}

export function processDirectory(options: ProcessFilesOptions): DirectoryNode {
  const { process } = options;
  const owner = process.credentials;
  const directory = new DirectoryNode(0o555, process.startedAt, owner);
  directory.generate = () => entries(options);
  return directory;
}

function entries(options: ProcessFilesOptions): [string, FsNode][] {
  const { process } = options;
  const file = (text: () => string, mode = 0o444): FsNode =>
    new GeneratedNode(() => encodeText(text()), mode, process.startedAt);
  const link = (target: string): FsNode => new SymlinkNode(target, process.startedAt, process.credentials);
  return [
    ['cmdline', file(() => commandLine(process))],
    ['comm', file(() => `${process.name}\n`)],
    ['cwd', link(process.cwd)],
    ['environ', file(() => [...process.env].map(([name, value]) => `${name}=${value}\0`).join(''), 0o400)],
    ['exe', link(process.argv[0]?.startsWith('/') ? process.argv[0] : `/bin/${process.name}`)],
    ['fd', descriptors(process)],
    ['limits', file(() => LIMITS)],
    ['mounts', file(() => process.fileSystem().formatMounts())],
    ['root', link('/')],
    ['stat', file(() => stat(options))],
    ['statm', file(() => statm(process))],
    ['status', file(() => status(options))],
    ['cgroup', file(() => '0::/\n')],
    ['oom_score_adj', file(() => `${process.host.cgroup.oomScoreAdjust}\n`, 0o644)],
  ];
}

function commandLine(process: EmulatedProcess): string {
  if (process.status !== undefined) return '';
  if (process.hasTitle) return process.title;
  return process.argv.map((word) => `${word}\0`).join('');
}

function descriptors(process: EmulatedProcess): DirectoryNode {
  const directory = new DirectoryNode(0o500, process.startedAt, process.credentials);
  directory.generate = () =>
    process.files().map(([number, file]) => [String(number), new DescriptorLink(process, number, file)] as const);
  return directory;
}

/** A link that says what a descriptor is, and leads to the open file itself. */
class DescriptorLink extends SymlinkNode {
  constructor(
    process: EmulatedProcess,
    readonly number: number,
    private readonly file: OpenFile,
  ) {
    super(file.name, process.startedAt, process.credentials);
  }

  override get leadsTo(): FsNode {
    const { file } = this;
    const write = (bytes: Uint8Array): void => void file.write(bytes).catch(() => undefined);
    const node = new DeviceNode(0o666, this.modified, () => new Uint8Array(0), write);
    node.open = () => file.retain();
    return node;
  }
}

function stat({ process, bootedAt }: ProcessFilesOptions): string {
  const { pid, ppid, pgid, sid, terminal } = process;
  const user = Math.round((process.cpuTime * TICKS) / 1000);
  const started = Math.round((process.clock.elapsed(bootedAt, process.startedAt) * TICKS) / 1000);
  const isZombie = process.status !== undefined;
  const memory = isZombie ? [0, 0] : [BASE_VIRTUAL + process.memoryUsed, pages(process)];
  const fields = [
    pid,
    `(${process.name})`,
    process.stateLetter,
    ppid,
    pgid,
    sid,
    terminal === undefined ? 0 : FIRST_PTS + Number(terminal.name.split('/').at(-1)),
    terminal?.foreground ?? -1,
    '4194560 0 0 0 0',
    user,
    '0 0 0',
    20 + process.nice,
    process.nice,
    '1 0',
    started,
    ...memory,
    '18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0',
  ];
  return `${fields.join(' ')}\n`;
}

/** Device number of /dev/pts/0. */
const FIRST_PTS = 136 << 8;

function statm(process: EmulatedProcess): string {
  return `${Math.ceil((BASE_VIRTUAL + process.memoryUsed) / PAGE)} ${pages(process)} 200 20 0 100 0\n`;
}

function pages(process: EmulatedProcess): number {
  return Math.ceil((BASE_RESIDENT + process.memoryUsed) / PAGE);
}

function status(options: ProcessFilesOptions): string {
  const { process, capabilities, noNewPrivileges } = options;
  const { uid, gid, groups } = process.credentials;
  const hex = (mask: bigint): string => mask.toString(16).padStart(16, '0');
  const rows: (readonly [string, string])[] = [
    ['Name', process.name],
    ['Umask', process.umask.toString(8).padStart(4, '0')],
    ['State', `${process.stateLetter} (${STATES[process.stateLetter]})`],
    ['Tgid', String(process.pid)],
    ['Ngid', '0'],
    ['Pid', String(process.pid)],
    ['PPid', String(process.ppid)],
    ['TracerPid', '0'],
    ['Uid', Array(4).fill(uid).join('\t')],
    ['Gid', Array(4).fill(gid).join('\t')],
    ['FDSize', '256'],
    ['Groups', `${groups.join(' ')} `],
    ['NStgid', String(process.pid)],
    ['NSpid', String(process.pid)],
    ['NSpgid', String(process.pgid)],
    ['NSsid', String(process.sid)],
    ...(process.status === undefined ? memoryRows(process) : []),
    ['Threads', '1'],
    ['SigQ', '0/62785'],
    ['SigPnd', signalMask([])],
    ['ShdPnd', signalMask([])],
    ['SigBlk', signalMask([])],
    ['SigIgn', signalMask(process.ignoredSignals)],
    ['SigCgt', signalMask(process.handledSignals)],
    ['CapInh', hex(0n)],
    ['CapPrm', hex(capabilities.effective)],
    ['CapEff', hex(capabilities.effective)],
    ['CapBnd', hex(capabilities.bounding)],
    ['CapAmb', hex(0n)],
    ['NoNewPrivs', noNewPrivileges ? '1' : '0'],
    ['Seccomp', '0'],
  ];
  return rows.map(([name, value]) => `${name}:\t${value}\n`).join('');
}

function memoryRows(process: EmulatedProcess): (readonly [string, string])[] {
  const size = (bytes: number): string => `${String(Math.ceil(bytes / 1024)).padStart(8)} kB`;
  return [
    ['VmPeak', size(BASE_VIRTUAL + process.memoryUsed)],
    ['VmSize', size(BASE_VIRTUAL + process.memoryUsed)],
    ['VmHWM', size(BASE_RESIDENT + process.memoryUsed)],
    ['VmRSS', size(BASE_RESIDENT + process.memoryUsed)],
  ];
}

const LIMITS = [
  'Limit                     Soft Limit           Hard Limit           Units     ',
  'Max cpu time              unlimited            unlimited            seconds   ',
  'Max file size             unlimited            unlimited            bytes     ',
  'Max processes             512                  512                  processes ',
  'Max open files            256                  256                  files     ',
  'Max address space         unlimited            unlimited            bytes     ',
  '',
].join('\n');
