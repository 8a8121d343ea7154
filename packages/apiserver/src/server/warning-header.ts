/**
 * Warning headers, as kubectl prints them (upstream: staging/src/k8s.io/apiserver/pkg/endpoints/filters/warning.go and
 * apimachinery pkg/util/net NewWarningHeader).
 *
 * Invariant: all texts of one answer stay within TOTAL_LIMIT; longer texts are cut, repeated ones sent once.
 */
const TOTAL_LIMIT = 4096;
const CUT_LENGTH = 256;

export function warningHeaders(texts: readonly string[]): string[] {
  const unique = [...new Set(texts)].map(clean);
  const total = unique.reduce((sum, text) => sum + text.length, 0);
  const short = total <= TOTAL_LIMIT ? unique : unique.map((text) => text.slice(0, CUT_LENGTH));
  return short.slice(0, TOTAL_LIMIT / CUT_LENGTH).map((text) => `299 - "${quoted(text)}"`);
}

/** Header values are one line of Latin-1; anything else would make Node refuse the whole answer. */
function clean(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (char) => (char === '\n' || char === '\t' ? ' ' : '?'));
}

function quoted(text: string): string {
  return text.replace(/[\\"]/g, '\\$&');
}
