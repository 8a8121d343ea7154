/**
 * Files with variables that one container writes and another one gets (upstream: pkg/kubelet/util/env): lines of
 * `NAME='value'`, where the value is taken as it stands and may go over several lines; comments begin with `#`.
 */
const ASSIGNMENT = /[ \t]*([^\n=]*?)([ \t]*)=(?:'([^']*)'[ \t]*(?:#[^\n]*)?|[ \t][^\n]*|)(?:\n|$)/y;
const SKIPPED = /(?:[ \t]*(?:#[^\n]*)?\n|[ \t]+$|[ \t]*#[^\n]*$)/y;

/** The value of a name; undefined when the file doesn't set it. @throws Error when the file is no such file */
export function readEnvFile(text: string, name: string): string | undefined {
  let at = 0;
  while (at < text.length) {
    SKIPPED.lastIndex = at;
    const skipped = SKIPPED.exec(text);
    if (skipped) {
      at += skipped[0].length;
      continue;
    }
    ASSIGNMENT.lastIndex = at;
    const found = ASSIGNMENT.exec(text);
    const [whole = '', key = '', gap = '', value = ''] = found ?? [];
    if (!found || key === '' || gap !== '') throw new Error(`no assignment at offset ${at}`);
    if (key === name) return value;
    at += whole.length;
  }
  return undefined;
}
