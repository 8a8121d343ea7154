/**
 * Values that tell who wrote them, and whether they are whole.
 *
 *     <group>#<index>/<size of the group>!<padding>      a write, and which others were submitted in the same moment
 */
export interface Written {
  readonly id: string;
  readonly index: number;
  readonly groupSize: number;
}

const PADDING = '.';

export function valueFor(group: string, index: number, groupSize: number, length: number): Buffer {
  return Buffer.from(`${group}#${index}/${groupSize}!`.padEnd(length, PADDING));
}

/** @throws Error when the value is not one that a writer made */
export function readValue(value: Uint8Array): Written {
  const bytes = Buffer.from(value);
  const end = bytes.indexOf('!');
  const id = bytes.toString('utf8', 0, end);
  const [, index, groupSize] = /#(\d+)\/(\d+)$/.exec(id) ?? [];
  if (index === undefined || !isPadding(bytes.subarray(end + 1))) {
    throw new Error(`a value that nobody wrote: ${id.slice(0, 80)}`);
  }
  return { id, index: Number(index), groupSize: Number(groupSize) };
}

/** As long as values get; a comparison with it is much faster than a look at each byte. */
const LONGEST_PADDING = Buffer.alloc(4 * 1024 * 1024, PADDING);

function isPadding(bytes: Buffer): boolean {
  return bytes.equals(LONGEST_PADDING.subarray(0, bytes.length));
}
