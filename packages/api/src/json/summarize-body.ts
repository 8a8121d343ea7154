/**
 * How upstream shows a body that it can't read at the end of its message (apimachinery runtime/serializer/json):
 * text when it starts like an object, else hexadecimal; cut after 30 bytes.
 */
const SUMMARY_LIMIT = 30;

export function summarizeBody(bytes: Uint8Array): string {
  if (bytes.length === 0) return '<empty>';
  const head = Buffer.from(bytes.subarray(0, SUMMARY_LIMIT));
  const text = bytes[0] === 0x7b ? head.toString('utf8') : head.toString('hex');
  return bytes.length > SUMMARY_LIMIT ? `${text} ...` : text;
}
