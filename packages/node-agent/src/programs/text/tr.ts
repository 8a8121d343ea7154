/**
 * `tr`: on bytes, as busybox's.
 */
import { applet } from '../support/applet.ts';
import { parseOptions, UsageError } from '../support/command-line.ts';
import { unescapeAt } from './printf-format.ts';

const CLASSES: Readonly<Record<string, (code: number) => boolean>> = {
  alpha: (code) => /[A-Za-z]/.test(String.fromCharCode(code)),
  digit: (code) => code >= 48 && code <= 57,
  alnum: (code) => /[A-Za-z0-9]/.test(String.fromCharCode(code)),
  upper: (code) => code >= 65 && code <= 90,
  lower: (code) => code >= 97 && code <= 122,
  space: (code) => code === 32 || (code >= 9 && code <= 13),
  blank: (code) => code === 32 || code === 9,
  punct: (code) => code > 32 && code < 127 && !/[A-Za-z0-9]/.test(String.fromCharCode(code)),
  cntrl: (code) => code < 32 || code === 127,
  print: (code) => code >= 32 && code < 127,
  graph: (code) => code > 32 && code < 127,
  xdigit: (code) => /[0-9A-Fa-f]/.test(String.fromCharCode(code)),
};

export const tr = applet(async (process, args) => {
  const line = parseOptions(args, {
    flags: 'cCdst',
    stopAtOperand: true,
    long: { delete: 'd', 'squeeze-repeats': 's', complement: 'c' },
  });
  const [first, second] = line.operands;
  if (first === undefined || (second === undefined && !line.has('d') && !line.has('s')))
    throw new UsageError('missing operand');
  const complement = line.has('c') || line.has('C');
  const named = codesOf(first);
  const from = complement ? Array.from({ length: 256 }, (_, i) => i).filter((code) => !named.includes(code)) : named;
  const deletes = new Set(line.has('d') ? from : []);
  const map = new Map<number, number>();
  const to = second === undefined || line.has('d') ? [] : codesOf(second);
  if (to.length > 0) for (const [i, code] of from.entries()) map.set(code, to[Math.min(i, to.length - 1)] ?? code);
  const squeezed = new Set(line.has('s') ? codesOf(second ?? first) : []);
  const squeezes = (code: number): boolean =>
    second === undefined && complement ? !squeezed.has(code) && line.has('s') : squeezed.has(code);
  let last = -1;
  for await (const chunk of process.stdin) {
    const output: number[] = [];
    for (const byte of chunk) {
      if (deletes.has(byte)) continue;
      const code = map.get(byte) ?? byte;
      if (code !== last || !squeezes(code)) output.push(code);
      last = code;
    }
    if (output.length > 0) await process.print(Uint8Array.from(output));
  }
  return 0;
});

/** The bytes that a set names, in its order. */
function codesOf(set: string): number[] {
  const codes: number[] = [];
  const text = Buffer.from(set, 'utf8').toString('latin1');
  for (let at = 0; at < text.length; ) {
    const named = /^\[:([a-z]+):\]/.exec(text.slice(at));
    if (named?.[1] !== undefined) {
      const is = CLASSES[named[1]];
      if (is === undefined) throw new UsageError(`invalid character class '${named[1]}'`);
      for (let code = 0; code < 256; code++) if (is(code)) codes.push(code);
      at += named[0].length;
      continue;
    }
    const [code, next] = codeAt(text, at);
    if (text.charAt(next) === '-' && next + 1 < text.length) {
      const [end, after] = codeAt(text, next + 1);
      for (let one = code; one <= end; one++) codes.push(one);
      at = after;
    } else {
      codes.push(code);
      at = next;
    }
  }
  return codes;
}

function codeAt(text: string, at: number): [code: number, next: number] {
  if (text.charAt(at) !== '\\' || at + 1 >= text.length) return [text.charCodeAt(at), at + 1];
  const { text: char, next } = unescapeAt(text, at, false);
  return next === at + 1 ? [text.charCodeAt(next), next + 1] : [char.charCodeAt(0) & 255, next];
}
