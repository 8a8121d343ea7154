/**
 * From what a terminal sends to names of keys. What is no known key is dropped: nobody's paste does anything.
 */
const SEQUENCES: Readonly<Record<string, string>> = {
  '\x1b[A': 'up',
  '\x1b[B': 'down',
  '\x1bOA': 'up',
  '\x1bOB': 'down',
  '\x1b[5~': 'page-up',
  '\x1b[6~': 'page-down',
  '\x1b[H': 'home',
  '\x1b[F': 'end',
  '\x1bOH': 'home',
  '\x1bOF': 'end',
  '\x1b[1~': 'home',
  '\x1b[4~': 'end',
  '\x1b[Z': 'shift-tab',
  '\x1b': 'escape',
  '\t': 'tab',
  '\r': 'enter',
  '\n': 'enter',
  '\x7f': 'backspace',
  '\b': 'backspace',
  '\x03': 'ctrl-c',
  '\x04': 'ctrl-c',
};

const ESCAPE = '\x1b';
/** What follows an escape character in the sequence of one key. */
const SEQUENCE = /^(?:\[[0-9;]*[A-Za-z~]|O[A-Z])/;

export function keysIn(text: string): string[] {
  const [first = '', ...parts] = text.split(ESCAPE);
  return [...characters(first), ...parts.flatMap(afterEscape)];
}

function afterEscape(part: string): string[] {
  const [sequence = ''] = SEQUENCE.exec(part) ?? [];
  const key = SEQUENCES[ESCAPE + sequence];
  return [...(key === undefined ? [] : [key]), ...characters(part.slice(sequence.length))];
}

function characters(text: string): string[] {
  return [...text].flatMap((character) => {
    const known = SEQUENCES[character];
    if (known !== undefined) return [known];
    return /^[\x20-\x7e]$/.test(character) ? [character] : [];
  });
}
