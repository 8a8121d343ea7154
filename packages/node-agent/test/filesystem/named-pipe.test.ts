import { describe, expect, it } from 'vitest';
import { ContainerFileSystem } from '../../src/runtime/filesystem/file-system.ts';
import { decodeText, directoryNode, encodeText } from '../../src/runtime/filesystem/nodes.ts';
import { openPath } from '../../src/runtime/filesystem/regular-file.ts';
import type { OpenFile } from '../../src/runtime/process/open-file.ts';

async function all(file: OpenFile): Promise<string> {
  let text = '';
  for (let bytes = await file.read(); bytes !== undefined; bytes = await file.read()) text += decodeText(bytes);
  file.release();
  return text;
}

describe('named pipes', () => {
  const open = () => {
    const files = new ContainerFileSystem(directoryNode(), () => 0);
    files.makePipe('/p', 'fifo');
    return {
      reader: () => openPath(files, '/p', { read: true }),
      writer: () => openPath(files, '/p', { read: false, write: true }),
    };
  };

  it('VOL-7: carry what one process writes to another, whoever comes first, until the last writer goes', async () => {
    const { reader, writer } = open();
    const early = all(reader());
    const [a, b] = [writer(), writer()];
    await a.write(encodeText('a'));
    a.release();
    await b.write(encodeText('b'));
    b.release();
    expect(await early).toBe('ab');
    const first = writer();
    await first.write(encodeText('later'));
    first.release();
    expect(await all(reader())).toBe('later');
  });

  it('VOL-7: hold no more than a pipe holds, and break when the reader goes', async () => {
    const { reader, writer } = open();
    const to = writer();
    const from = reader();
    let isTaken = false;
    const written = to.write(new Uint8Array(70_000)).then(() => {
      isTaken = true;
    });
    await Promise.resolve();
    expect(isTaken).toBe(false);
    let seen = 0;
    while (seen < 70_000) seen += (await from.read())?.length ?? 0;
    await written;
    from.release();
    await expect(to.write(encodeText('x'))).rejects.toMatchObject({ code: 'EPIPE' });
  });
});
