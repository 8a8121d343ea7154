/**
 * A pseudo-terminal: the processes of a container on one side, somebody's screen and keyboard on the other (pty(7)).
 *
 * Owns the terminal's session and foreground group. Invariants: at most OUTPUT_CAPACITY bytes wait for the screen and
 * INPUT_CAPACITY for the processes: who writes more waits; processes of the session that are not in the foreground are
 * stopped when they read (TTIN), and with `tostop` when they write (TTOU); after a hang-up reading gives the end and
 * writing fails with EIO.
 */
import { FileError } from '../filesystem/file-error.ts';
import { ByteChannel } from './byte-channel.ts';
import { Changes } from './changes.ts';
import { LineDiscipline } from './line-discipline.ts';
import { CountedFile, type FileUser, type IoOptions } from './open-file.ts';
import type { PidNamespace } from './pid-namespace.ts';
import type { Signal } from './signals.ts';
import type { Terminal, TerminalMode, TerminalSize } from './terminal.ts';

export const OUTPUT_CAPACITY = 65_536;
export const INPUT_CAPACITY = 65_536;

const DEFAULT_SIZE: TerminalSize = { columns: 80, rows: 24 };
const NEWLINE = 10;

export class PseudoTerminal implements Terminal {
  /** What is to be shown. */
  readonly output: ByteChannel;
  foreground = 0;
  readonly #discipline: LineDiscipline;
  #size = DEFAULT_SIZE;
  #session: { readonly id: number; readonly namespace: PidNamespace } | undefined;
  #isHungUp = false;
  /** Output is held back by Ctrl-S. */
  #isHeld = false;
  readonly #changes = new Changes();

  constructor(readonly name: string) {
    this.output = new ByteChannel(OUTPUT_CAPACITY, name);
    this.#discipline = new LineDiscipline({
      echo: (bytes) => this.#show(bytes),
      signal: (signal) => this.#signalForeground(signal),
      flow: (isStopped) => this.#hold(isStopped),
      ready: () => this.#changes.wake(),
    });
  }

  get size(): TerminalSize {
    return this.#size;
  }

  get mode(): TerminalMode {
    return this.#discipline.mode;
  }

  get session(): number {
    return this.#session?.id ?? 0;
  }

  get isHungUp(): boolean {
    return this.#isHungUp;
  }

  /** It becomes the controlling terminal of a session, whose leader has the foreground. */
  control(session: number, namespace: PidNamespace): void {
    this.#session = { id: session, namespace };
    this.foreground = session;
  }

  setMode(mode: Partial<TerminalMode>): void {
    this.#discipline.setMode({ ...this.mode, ...mode });
  }

  setRaw(): void {
    this.setMode({ icanon: false, echo: false, isig: false, iexten: false, icrnl: false, ixon: false, opost: false });
  }

  resize(size: TerminalSize): void {
    if (size.columns === this.#size.columns && size.rows === this.#size.rows) return;
    this.#size = size;
    this.#signalForeground('WINCH');
  }

  open(): TerminalFile {
    return new TerminalFile(this);
  }

  /** Keys that were pressed. Waits while the processes don't read. */
  async input(bytes: Uint8Array): Promise<void> {
    while (this.#discipline.size >= INPUT_CAPACITY && !this.#isHungUp) await this.#changes.next();
    if (!this.#isHungUp) this.#discipline.type(bytes);
  }

  hangUp(): void {
    if (this.#isHungUp) return;
    this.#isHungUp = true;
    const session = this.#session;
    this.#session = undefined;
    this.#isHeld = false;
    this.output.end();
    this.#changes.wake();
    for (const group of new Set([session?.id ?? 0, this.foreground])) {
      if (group === 0) continue;
      session?.namespace.signalGroup(group, 'HUP');
      session?.namespace.signalGroup(group, 'CONT');
    }
  }

  async read({ max = Number.POSITIVE_INFINITY, signal, user }: IoOptions): Promise<Uint8Array | undefined> {
    for (;;) {
      signal?.throwIfAborted();
      if (this.#isHungUp) return undefined;
      if (this.#isInBackground(user)) await this.#turnAway(user, 'TTIN');
      else {
        const bytes = this.#discipline.take(max);
        if (bytes !== undefined) {
          this.#changes.wake();
          return bytes.length === 0 ? undefined : bytes;
        }
        await this.#changes.next(signal);
      }
    }
  }

  async write(bytes: Uint8Array, { signal, user }: IoOptions): Promise<void> {
    while (this.mode.tostop && this.#isInBackground(user) && user.signalGroup('TTOU')) {
      const stopped = user.running();
      // Who handles the signal may write.
      if (stopped === undefined) break;
      await stopped;
    }
    while (this.#isHeld) await this.#changes.next(signal);
    if (this.#isHungUp) throw new FileError('EIO', 'write', this.name);
    try {
      await this.output.write(this.#processed(bytes), signal);
    } catch (error) {
      throw this.#isHungUp ? new FileError('EIO', 'write', this.name, { cause: error }) : error;
    }
  }

  #isInBackground(user: FileUser | undefined): user is FileUser {
    return user !== undefined && this.#session?.id === user.sid && user.pgid !== this.foreground;
  }

  async #turnAway(user: FileUser, signal: 'TTIN' | 'TTOU'): Promise<void> {
    if (!user.signalGroup(signal)) throw new FileError('EIO', 'read', this.name);
    const stopped = user.running();
    if (stopped === undefined) throw new FileError('EINTR', 'read', this.name);
    await stopped;
  }

  #processed(bytes: Uint8Array): Uint8Array {
    if (!this.mode.opost || !this.mode.onlcr || !bytes.includes(NEWLINE)) return bytes;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    return Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1');
  }

  /** Echo; what does not fit is not shown. */
  #show(bytes: Uint8Array): void {
    const shown = this.#processed(bytes);
    if (this.output.room >= shown.length && !this.#isHungUp) void this.output.write(shown);
  }

  #hold(isStopped: boolean): void {
    this.#isHeld = isStopped;
    this.#changes.wake();
  }

  #signalForeground(signal: Signal): void {
    if (this.foreground !== 0) this.#session?.namespace.signalGroup(this.foreground, signal);
  }
}

export class TerminalFile extends CountedFile {
  override readonly terminal: PseudoTerminal;

  constructor(terminal: PseudoTerminal) {
    super(terminal.name);
    this.terminal = terminal;
  }

  override read(options: IoOptions = {}): Promise<Uint8Array | undefined> {
    return this.isOpen ? this.terminal.read(options) : super.read();
  }

  override write(bytes: Uint8Array, options: IoOptions = {}): Promise<void> {
    return this.isOpen ? this.terminal.write(bytes, options) : super.write(bytes);
  }
}
