/**
 * Which shell `sh` is: busybox's ash, Debian's dash, or bash. They differ in what they understand and in their words.
 */
export type Dialect = 'ash' | 'dash' | 'bash';
