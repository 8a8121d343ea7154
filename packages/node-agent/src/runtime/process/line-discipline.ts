/**
 * What a terminal does with each byte from the keyboard before a program reads it: editing a line, echo, signals
 * (n_tty: Linux's default line discipline; termios(3)).
 *
 * Owns the line being typed and the input that is ready. Invariants: in canonical mode one ready piece is one line, an
 * empty piece the end of input; a line holds LONGEST_LINE bytes at most, what is typed beyond rings the bell.
 */
import type { TerminalMode } from './terminal.ts';

/** As MAX_CANON of Linux's terminals, its newline not counted. */
export const LONGEST_LINE = 4095;

export type TerminalSignal = 'INT' | 'QUIT' | 'TSTP';

export interface DisciplineEvents {
  echo(bytes: Uint8Array): void;
  signal(signal: TerminalSignal): void;
  /** Ctrl-S and Ctrl-Q. */
  flow(isStopped: boolean): void;
  /** Something can be read. */
  ready(): void;
}

const KEY = {
  interrupt: 0x03,
  end: 0x04,
  backspace: 0x08,
  newline: 0x0a,
  return: 0x0d,
  start: 0x11,
  reprint: 0x12,
  stop: 0x13,
  kill: 0x15,
  literal: 0x16,
  wordErase: 0x17,
  suspend: 0x1a,
  quit: 0x1c,
  erase: 0x7f,
} as const;

const SIGNALS: ReadonlyMap<number, TerminalSignal> = new Map([
  [KEY.interrupt, 'INT'],
  [KEY.quit, 'QUIT'],
  [KEY.suspend, 'TSTP'],
]);

const BELL = Uint8Array.of(7);
const NEWLINE = Uint8Array.of(KEY.newline);
const TAB = 9;

export const SANE_MODE: TerminalMode = {
  icanon: true,
  echo: true,
  echoe: true,
  echoctl: true,
  isig: true,
  iexten: true,
  icrnl: true,
  ixon: true,
  opost: true,
  onlcr: true,
  tostop: false,
};

export class LineDiscipline {
  mode: TerminalMode = SANE_MODE;
  #line: number[] = [];
  #isLiteral = false;
  #echoed: number[] = [];
  #ready: Uint8Array[] = [];
  #size = 0;

  constructor(private readonly events: DisciplineEvents) {}

  /** Bytes that can be read. */
  get size(): number {
    return this.#size;
  }

  /** The line that is being typed can be read as it is once lines mean nothing any more. */
  setMode(mode: TerminalMode): void {
    this.mode = mode;
    if (!mode.icanon && this.#line.length > 0) this.#complete(Uint8Array.from(this.#line));
  }

  type(bytes: Uint8Array): void {
    const raw: number[] = [];
    for (const byte of bytes) this.#key(byte, raw);
    if (raw.length > 0) this.#complete(Uint8Array.from(raw));
    this.#flushEcho();
  }

  /** What can be read now; empty for the end of input, undefined when nothing is there. */
  take(max: number): Uint8Array | undefined {
    const first = this.#ready[0];
    if (first === undefined) return undefined;
    if (first.length > max) {
      this.#ready[0] = first.subarray(max);
      this.#size -= max;
      return first.subarray(0, max);
    }
    this.#ready.shift();
    this.#size -= first.length;
    return first;
  }

  /** Throws away what was typed. */
  flush(): void {
    this.#line = [];
    this.#ready = [];
    this.#size = 0;
  }

  #key(typed: number, raw: number[]): void {
    const { mode } = this;
    if (this.#isLiteral) {
      this.#isLiteral = false;
      return this.#add(typed, mode.icanon ? this.#line : raw);
    }
    const byte = typed === KEY.return && mode.icrnl ? KEY.newline : typed;
    if (mode.isig && this.#isSignal(byte)) return;
    if (mode.ixon && (byte === KEY.start || byte === KEY.stop)) return this.events.flow(byte === KEY.stop);
    if (!mode.icanon) return this.#add(byte, raw);
    this.#edit(byte);
  }

  #isSignal(byte: number): boolean {
    const signal = SIGNALS.get(byte);
    if (signal === undefined) return false;
    this.flush();
    if (this.mode.echo) this.#echoAll(Uint8Array.of(byte));
    this.#flushEcho();
    this.events.signal(signal);
    return true;
  }

  #edit(byte: number): void {
    const { iexten } = this.mode;
    if (byte === KEY.erase || byte === KEY.backspace) this.#eraseCharacter();
    else if (byte === KEY.kill) this.#eraseWhile(() => true);
    else if (byte === KEY.wordErase && iexten) this.#eraseWord();
    else if (byte === KEY.literal && iexten) this.#literalNext();
    else if (byte === KEY.reprint && iexten) this.#reprint();
    else if (byte === KEY.end) this.#finish(Uint8Array.from(this.#line));
    else if (byte === KEY.newline) this.#newline();
    else this.#add(byte, this.#line);
  }

  #add(byte: number, to: number[]): void {
    if (to === this.#line && this.#line.length >= LONGEST_LINE) return this.#show(BELL);
    to.push(byte);
    if (this.mode.echo) this.#echoAll(Uint8Array.of(byte));
  }

  #newline(): void {
    if (this.mode.echo) this.#show(NEWLINE);
    this.#finish(Uint8Array.from([...this.#line, KEY.newline]));
  }

  #finish(line: Uint8Array): void {
    this.#line = [];
    this.#complete(line);
  }

  #complete(bytes: Uint8Array): void {
    if (!this.mode.icanon) this.#line = [];
    this.#ready.push(bytes);
    this.#size += bytes.length;
    this.events.ready();
  }

  #literalNext(): void {
    this.#isLiteral = true;
    if (this.mode.echo && this.mode.echoctl) this.#show(Buffer.from('^\b'));
  }

  #reprint(): void {
    if (this.mode.echo) {
      this.#echoAll(Uint8Array.of(KEY.reprint));
      this.#show(NEWLINE);
      this.#echoAll(Uint8Array.from(this.#line));
    }
  }

  /** Takes the last character away: with UTF-8 that may be several bytes. */
  #eraseCharacter(): void {
    let byte = this.#line.pop();
    if (byte === undefined) return;
    const shown = byte;
    while (byte !== undefined && (byte & 0xc0) === 0x80) byte = this.#line.pop();
    this.#wipe(isControl(shown) && this.mode.echoctl ? 2 : 1);
  }

  #eraseWhile(condition: (byte: number) => boolean): void {
    for (let last = this.#line.at(-1); last !== undefined && condition(last); last = this.#line.at(-1)) {
      this.#eraseCharacter();
    }
  }

  #eraseWord(): void {
    const isSpace = (byte: number): boolean => byte === 32 || byte === TAB;
    this.#eraseWhile(isSpace);
    this.#eraseWhile((byte) => !isSpace(byte));
  }

  #wipe(columns: number): void {
    if (this.mode.echo && this.mode.echoe) this.#show(Buffer.from('\b \b'.repeat(columns)));
  }

  /** Echo comes in one piece for keys that came in one piece. */
  #show(bytes: Uint8Array): void {
    this.#echoed.push(...bytes);
  }

  #flushEcho(): void {
    if (this.#echoed.length === 0) return;
    const bytes = Uint8Array.from(this.#echoed);
    this.#echoed = [];
    this.events.echo(bytes);
  }

  #echoAll(bytes: Uint8Array): void {
    if (!this.mode.echoctl || !bytes.some(isControl)) return this.#show(bytes);
    const shown: number[] = [];
    for (const byte of bytes) {
      if (isControl(byte)) shown.push(0x5e, byte ^ 0x40);
      else shown.push(byte);
    }
    this.#show(Uint8Array.from(shown));
  }
}

function isControl(byte: number): boolean {
  return (byte < 32 && byte !== KEY.newline && byte !== TAB) || byte === KEY.erase;
}
