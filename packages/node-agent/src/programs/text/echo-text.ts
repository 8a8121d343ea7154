/**
 * What `echo` prints. dash interprets escapes always and knows only -n; the others do with -e.
 */
import { unescapeAll } from './printf-format.ts';

export function echoText(args: readonly string[], posixEscapes: boolean): string {
  let newline = true;
  let escapes = posixEscapes;
  let from = 0;
  const options = posixEscapes ? /^-n$/ : /^-[neE]+$/;
  while (options.test(args[from] ?? '')) {
    for (const letter of (args[from] ?? '').slice(1)) {
      if (letter === 'n') newline = false;
      else escapes = letter === 'e';
    }
    from++;
  }
  const text = args.slice(from).join(' ');
  if (!escapes) return newline ? `${text}\n` : text;
  const { text: interpreted, stop } = unescapeAll(text);
  return newline && !stop ? `${interpreted}\n` : interpreted;
}
