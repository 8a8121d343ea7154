/**
 * `ls`
 */
import type { FileStatus } from '../../runtime/filesystem/file-status.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { absolute, applet, eachPath, flavourOf } from '../support/applet.ts';
import { type CommandLine, parseOptions } from '../support/command-line.ts';
import { humanSize, modeText } from '../support/mode-text.ts';
import { groupName, userName } from '../support/users.ts';

interface Entry {
  readonly name: string;
  readonly path: string;
  readonly status: FileStatus;
}

/** Directories that -R goes into at most. */
const MOST_DIRECTORIES = 10_000;

export const ls = applet(async (process, args) => {
  const line = parseOptions(args, {
    flags: 'laA1RdhrtSnisFpCxgoGckQHLuUvXZ',
    values: 'wTI',
    long: {
      all: 'a',
      'almost-all': 'A',
      recursive: 'R',
      directory: 'd',
      'human-readable': 'h',
      reverse: 'r',
      color: 'K',
      'full-time': 'e',
      inode: 'i',
    },
  });
  return new Listing(process, line).run();
});

class Listing {
  readonly #terminal: boolean;
  #visited = 0;
  #first = true;

  constructor(
    private readonly process: ProcessContext,
    private readonly line: CommandLine,
  ) {
    this.#terminal = process.fds.has(1) && process.fds.get(1).terminal !== undefined;
  }

  async run(): Promise<number> {
    const operands = this.line.operands.length === 0 ? ['.'] : this.line.operands;
    const files: Entry[] = [];
    const directories: Entry[] = [];
    const gnu = flavourOf(this.process) === 'gnu';
    const describe = (path: string, reason: string): string =>
      gnu ? `cannot access '${path}': ${reason}` : `${path}: ${reason}`;
    const status = await eachPath(this.process, operands, describe, (path) => {
      const entry = this.#entry(path, path, !this.#long || path.endsWith('/'));
      (entry.status.kind === 'directory' && !this.line.has('d') ? directories : files).push(entry);
    });
    if (files.length > 0) {
      await this.#print(files);
      this.#first = false;
    }
    const titled = operands.length > 1 || this.line.has('R');
    let failed = status;
    for (const directory of this.#sorted(directories)) failed |= await this.#directory(directory.path, titled);
    return failed === 0 ? 0 : gnu ? 2 : 1;
  }

  get #long(): boolean {
    return 'lngo'.split('').some((letter) => this.line.has(letter));
  }

  #entry(name: string, path: string, follow: boolean): Entry {
    const files = this.process.fileSystem();
    const place = absolute(this.process, path);
    let status = files.status(place, false);
    if (follow && status.kind === 'symlink' && files.exists(place)) status = files.status(place);
    return { name, path, status };
  }

  async #directory(path: string, titled: boolean): Promise<number> {
    if (++this.#visited > MOST_DIRECTORIES) return 1;
    const gnu = flavourOf(this.process) === 'gnu';
    let entries: Entry[] = [];
    const describe = (_: string, reason: string): string =>
      gnu ? `cannot open directory '${path}': ${reason}` : `can't open '${path}': ${reason}`;
    const status = await eachPath(this.process, [path], describe, () => {
      entries = this.#entries(path);
    });
    if (status !== 0) return status;
    if (titled) await this.process.print(`${this.#first ? '' : '\n'}${path}:\n`);
    this.#first = false;
    if (this.#long || this.line.has('s')) await this.process.print(`total ${blocks(entries)}\n`);
    await this.#print(entries);
    if (!this.line.has('R')) return 0;
    let failed = 0;
    for (const { path: below, status: found, name } of this.#sorted(entries)) {
      if (found.kind === 'directory' && name !== '.' && name !== '..') failed |= await this.#directory(below, true);
    }
    return failed;
  }

  #entries(path: string): Entry[] {
    const names = this.process.fileSystem().list(absolute(this.process, path));
    const hidden = this.line.has('a') || this.line.has('A');
    const shown = names.filter((name) => hidden || !name.startsWith('.'));
    if (this.line.has('a')) shown.unshift('.', '..');
    const prefix = path.endsWith('/') ? path : `${path}/`;
    return shown.map((name) => this.#entry(name, `${prefix}${name}`, false));
  }

  #sorted(entries: readonly Entry[]): Entry[] {
    const sorted = [...entries].sort((a, b) => {
      if (this.line.has('t')) return b.status.modified - a.status.modified || byName(a, b);
      if (this.line.has('S')) return b.status.size - a.status.size || byName(a, b);
      return byName(a, b);
    });
    return this.line.has('r') ? sorted.reverse() : sorted;
  }

  async #print(entries: readonly Entry[]): Promise<void> {
    const sorted = this.#sorted(entries);
    if (sorted.length === 0) return;
    if (this.#long) return this.process.print(this.#longRows(sorted));
    const names = sorted.map((entry) => ({ text: this.#name(entry), width: this.#plainName(entry).length }));
    const columns = this.#terminal && !this.line.has('1');
    await this.process.print(columns ? this.#columns(names) : names.map(({ text }) => `${text}\n`).join(''));
  }

  #columns(names: readonly { readonly text: string; readonly width: number }[]): string {
    const screen = this.process.fds.get(1).terminal?.size.columns ?? 80;
    const width = Math.max(...names.map((name) => name.width)) + 2;
    const perRow = Math.max(1, Math.floor(screen / width));
    const rows = Math.ceil(names.length / perRow);
    let text = '';
    for (let row = 0; row < rows; row++) {
      const cells = names.filter((_, i) => i % rows === row);
      text += cells.map((cell, i) => cell.text + (i < cells.length - 1 ? ' '.repeat(width - cell.width) : '')).join('');
      text += '\n';
    }
    return text;
  }

  #longRows(entries: readonly Entry[]): string {
    const rows = entries.map((entry) => this.#longCells(entry));
    const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
    const gnu = flavourOf(this.process) === 'gnu';
    return rows
      .map((row, i) => {
        const [inode, mode, links, owner, group, size, date] = row.map((cell, at) => {
          const width = gnu ? (widths[at] ?? 0) : (BUSYBOX_WIDTHS[at] ?? 0);
          return at === 3 || at === 4 || at === 1 ? cell.padEnd(width) : cell.padStart(width);
        });
        const cells = [
          mode,
          links,
          ...(this.line.has('g') ? [] : [owner]),
          ...(this.line.has('o') ? [] : [group]),
          size,
          date,
        ];
        const entry = entries[i];
        return `${this.line.has('i') ? `${inode} ` : ''}${cells.join(' ')} ${entry === undefined ? '' : this.#name(entry)}${entry === undefined ? '' : this.#target(entry)}\n`;
      })
      .join('');
  }

  #longCells({ status }: Entry): string[] {
    const numeric = this.line.has('n');
    const owner = numeric ? undefined : userName(this.process, status.uid);
    const group = numeric ? undefined : groupName(this.process, status.gid);
    const size =
      status.device === undefined
        ? this.line.has('h')
          ? humanSize(status.size)
          : String(status.size)
        : status.device.join(', ');
    return [
      String(status.ino),
      modeText(status.kind, status.mode),
      String(status.links),
      owner ?? String(status.uid),
      group ?? String(status.gid),
      size,
      this.#date(status.modified),
    ];
  }

  #date(modified: number): string {
    const date = new Date(modified);
    if (this.line.has('e')) return date.toISOString().replace('T', ' ').replace('Z', '000000 +0000');
    const day = `${MONTHS[date.getUTCMonth()]} ${String(date.getUTCDate()).padStart(2)}`;
    const recent = Math.abs(this.process.clock.now() - modified) < HALF_A_YEAR_MS;
    return recent ? `${day} ${date.toISOString().slice(11, 16)}` : `${day}  ${date.getUTCFullYear()}`;
  }

  #target({ path, status }: Entry): string {
    return status.kind === 'symlink' ? ` -> ${this.process.fileSystem().readLink(absolute(this.process, path))}` : '';
  }

  #plainName({ name, status }: Entry): string {
    if (this.line.has('p')) return status.kind === 'directory' ? `${name}/` : name;
    if (!this.line.has('F')) return name;
    const marks: Readonly<Record<string, string>> = { directory: '/', symlink: '@', fifo: '|', socket: '=' };
    return name + (marks[status.kind] ?? (status.mode & 0o111 ? '*' : ''));
  }

  #name(entry: Entry): string {
    const text = this.#plainName(entry);
    const colour = this.#coloured
      ? (COLOURS[entry.status.kind] ?? (entry.status.mode & 0o111 ? '1;32' : undefined))
      : undefined;
    return colour === undefined ? text : `\x1b[${colour}m${entry.name}\x1b[m${text.slice(entry.name.length)}`;
  }

  get #coloured(): boolean {
    const when = this.line.value('K');
    if (when !== undefined) return when === '' || when === 'always' || (when === 'auto' && this.#terminal);
    return this.#terminal && flavourOf(this.process) === 'busybox';
  }
}

const BUSYBOX_WIDTHS = [7, 10, 5, 8, 8, 9, 12];
const COLOURS: Readonly<Record<string, string>> = {
  directory: '1;34',
  symlink: '1;36',
  device: '1;33',
  fifo: '33',
  socket: '1;35',
};
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const HALF_A_YEAR_MS = 182 * 24 * 3600 * 1000;

function byName(a: Entry, b: Entry): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function blocks(entries: readonly Entry[]): number {
  return entries.reduce(
    (sum, { status }) =>
      sum + (status.kind === 'file' ? Math.ceil(status.size / 4096) * 4 : status.kind === 'directory' ? 4 : 0),
    0,
  );
}
