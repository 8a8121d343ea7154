/**
 * What keys do in the line editor: emacs's bindings, as readline and busybox have them.
 */
export type EditorAction =
  | 'clearScreen'
  | 'complete'
  | 'cutLettersBefore'
  | 'cutLettersBehind'
  | 'cutToEnd'
  | 'cutToStart'
  | 'cutWord'
  | 'end'
  | 'endOrErase'
  | 'enter'
  | 'erase'
  | 'erasing'
  | 'home'
  | 'interrupt'
  | 'left'
  | 'newer'
  | 'older'
  | 'paste'
  | 'right'
  | 'searchBack'
  | 'swap'
  | 'wordLeft'
  | 'wordRight';

export const KEY_BINDINGS: Readonly<Record<string, EditorAction>> = {
  '\x01': 'home',
  '\x02': 'left',
  '\x03': 'interrupt',
  '\x04': 'endOrErase',
  '\x05': 'end',
  '\x06': 'right',
  '\b': 'erase',
  '\x7f': 'erase',
  '\t': 'complete',
  '\n': 'enter',
  '\r': 'enter',
  '\x0b': 'cutToEnd',
  '\x0c': 'clearScreen',
  '\x0e': 'newer',
  '\x10': 'older',
  '\x12': 'searchBack',
  '\x14': 'swap',
  '\x15': 'cutToStart',
  '\x17': 'cutWord',
  '\x19': 'paste',
  '\x1b[A': 'older',
  '\x1b[B': 'newer',
  '\x1b[C': 'right',
  '\x1b[D': 'left',
  '\x1b[H': 'home',
  '\x1b[F': 'end',
  '\x1bOA': 'older',
  '\x1bOB': 'newer',
  '\x1bOC': 'right',
  '\x1bOD': 'left',
  '\x1bOH': 'home',
  '\x1bOF': 'end',
  '\x1b[1~': 'home',
  '\x1b[7~': 'home',
  '\x1b[4~': 'end',
  '\x1b[8~': 'end',
  '\x1b[3~': 'erasing',
  '\x1b[1;5C': 'wordRight',
  '\x1b[1;5D': 'wordLeft',
  '\x1bf': 'wordRight',
  '\x1bb': 'wordLeft',
  '\x1bd': 'cutLettersBehind',
  '\x1b\x7f': 'cutLettersBefore',
};
