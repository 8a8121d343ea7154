/**
 * How many columns a text takes on a terminal; escape sequences take none.
 */
const ESCAPES = /\p{Cc}\[[0-?]*[ -/]*[@-~]/gu;
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}]|[\u{20000}-\u{3fffd}]/u;
const NONE = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]$/u;

export function screenWidth(text: string): number {
  let width = 0;
  for (const char of text.replace(ESCAPES, '')) width += NONE.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
  return width;
}
