/**
 * Whether a tool's script treats each line by itself, so that giving it the input in pieces makes no difference. Judged
 * carefully: what isn't sure is not.
 */
const SED_COMMAND = String.raw`(?:\/(?:[^\/\\\n]|\\.)*\/)?(?:s([\/|,#:@])(?:(?!\1)[^\\\n]|\\.)*\1(?:(?!\1)[^\\\n]|\\.)*\1[gpiI0-9]*|[dp])`;
/** Rules that set separators at the beginning: the same for each piece. */
const AWK_BEGINNING = /^(?:\s*BEGIN\s*\{\s*(?:O?FS|ORS|SUBSEP)\s*=\s*"(?:[^"\\]|\\.)*"\s*;?\s*\})+/;
const SED_SCRIPT = new RegExp(`^\\s*${SED_COMMAND}\\s*$`);

export function treatsLinesAlone(name: string, args: readonly string[]): boolean {
  if (name === 'sed') return sedTreatsLinesAlone(args);
  return (name === 'awk' || name === 'gawk') && awkTreatsLinesAlone(args);
}

function sedTreatsLinesAlone(args: readonly string[]): boolean {
  const scripts: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? '';
    if (/^-[nErus]+$/.test(word)) continue;
    if (word === '-e') scripts.push(args[++at] ?? '');
    else if (word.startsWith('-') || scripts.length > 0) return false;
    else scripts.push(word);
  }
  return scripts.length > 0 && scripts.every((script) => SED_SCRIPT.test(script));
}

function awkTreatsLinesAlone(args: readonly string[]): boolean {
  let program: string | undefined;
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? '';
    if (word === '-F' || word === '-v') at++;
    else if (/^-[Fv]./.test(word)) continue;
    else if (word.startsWith('-') || program !== undefined) return false;
    else program = word;
  }
  if (program === undefined) return false;
  const rules = program.replace(AWK_BEGINNING, '');
  const bare = rules.replace(/"(?:[^"\\]|\\.)*"/g, '""').replace(/\/(?:[^/\\\n]|\\.)*\//g, '//');
  return !/\b(?:BEGIN|END|NR|FNR|getline|exit|next|RS|ORS|close|system|rand|srand)\b|[^=!<>~]=[^=]|\+\+|--|[|>,]\s*$|>|\|/.test(
    bare,
  );
}
