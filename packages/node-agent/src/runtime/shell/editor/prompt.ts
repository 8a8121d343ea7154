/**
 * Prompts: PS1 and PS2 with their escapes (bash's, of which ash knows the most used).
 */
import type { Shell } from '../execute/shell.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** What PS1 is where nobody has set it. */
export function defaultPrompt(shell: Shell): string {
  if (shell.dialect === 'bash') return '\\u@\\h:\\w\\$ ';
  return shell.dialect === 'ash' ? '\\w \\$ ' : shell.process.credentials.uid === 0 ? '# ' : '$ ';
}

/** A prompt's text with its escapes replaced; dash has none. */
export function promptText(shell: Shell, text: string): string {
  if (shell.dialect === 'dash') return text;
  return text.replace(
    /\\(?:([0-7]{3})|D\{[^}]*\}|(.))/gs,
    (whole, octal: string | undefined, letter: string | undefined) => {
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      return letter === undefined ? whole : escaped(shell, letter);
    },
  );
}

function escaped(shell: Shell, letter: string): string {
  const { process, state } = shell;
  const time = new Date(process.clock.now()).toISOString();
  switch (letter) {
    case 'u':
      return userName(shell);
    case 'h':
      return process.hostname.split('.')[0] ?? '';
    case 'H':
      return process.hostname;
    case 'w':
      return tilded(shell);
    case 'W':
      return tilded(shell).split('/').at(-1) || '/';
    case '$':
      return process.credentials.uid === 0 ? '#' : '$';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 'a':
      return '\x07';
    case 'e':
      return '\x1b';
    case '\\':
      return '\\';
    case 's':
      return state.name.split('/').at(-1) ?? '';
    case 'j':
      return String(shell.jobs.all().length);
    case 't':
      return time.slice(11, 19);
    case 'A':
      return time.slice(11, 16);
    case 'd':
      return dayText(process.clock.now());
    case '[':
    case ']':
      return '';
    default:
      return `\\${letter}`;
  }
}

function dayText(now: number): string {
  const date = new Date(now);
  return `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${String(date.getUTCDate()).padStart(2, '0')}`;
}

function tilded(shell: Shell): string {
  const directory = shell.state.directory;
  const home = shell.state.variables.get('HOME');
  if (home === undefined || home === '/' || home === '') return directory;
  if (directory === home) return '~';
  return directory.startsWith(`${home}/`) ? `~${directory.slice(home.length)}` : directory;
}

function userName(shell: Shell): string {
  const { uid } = shell.process.credentials;
  const passwd = shell.files.exists('/etc/passwd') ? new TextDecoder().decode(shell.files.readFile('/etc/passwd')) : '';
  const row = passwd.split('\n').find((line) => line.split(':')[2] === String(uid));
  return row?.split(':')[0] ?? 'I have no name!';
}
