/**
 * A terminal as its processes see it: a line discipline between a keyboard and those who read (termios(3)).
 */
import type { OpenFile } from './open-file.ts';

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** The flags of termios that programs of containers use; names are stty's. */
export interface TerminalMode {
  /** Input comes line by line and can be edited. */
  readonly icanon: boolean;
  readonly echo: boolean;
  /** Erasing looks like erasing. */
  readonly echoe: boolean;
  /** Control characters are shown as ^X. */
  readonly echoctl: boolean;
  /** Ctrl-C, Ctrl-\ and Ctrl-Z are signals. */
  readonly isig: boolean;
  /** Word erase, literal next and reprint work. */
  readonly iexten: boolean;
  /** A carriage return is read as a newline. */
  readonly icrnl: boolean;
  /** Ctrl-S and Ctrl-Q stop and start output. */
  readonly ixon: boolean;
  readonly opost: boolean;
  /** A newline is shown as carriage return and newline. */
  readonly onlcr: boolean;
  /** Processes in the background are stopped when they write. */
  readonly tostop: boolean;
}

export interface Terminal {
  /** /dev/pts/0 */
  readonly name: string;
  readonly size: TerminalSize;
  readonly mode: TerminalMode;
  /** The process group that the keyboard belongs to; 0 when there is none. */
  foreground: number;
  /** The session whose controlling terminal it is; 0 when it is nobody's. */
  readonly session: number;
  /** Changes some flags. */
  setMode(mode: Partial<TerminalMode>): void;
  /** As cfmakeraw(3): every key comes at once and means nothing special. */
  setRaw(): void;
  /** The processes in the foreground get WINCH. */
  resize(size: TerminalSize): void;
  /** An open file on it, as opening /dev/pts/N gives. */
  open(): OpenFile;
  /** The line is gone: the foreground gets HUP, reading gives the end, writing fails with EIO. */
  hangUp(): void;
}
