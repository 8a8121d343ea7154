import { describe, expect, it } from 'vitest';
import { ContainerFileSystem } from '../../src/runtime/filesystem/file-system.ts';
import { decodeText, directoryNode, encodeText } from '../../src/runtime/filesystem/nodes.ts';
import { openPath } from '../../src/runtime/filesystem/regular-file.ts';
import type { OpenFile } from '../../src/runtime/process/open-file.ts';
import { TestContainers } from '../support/test-container.ts';

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

  it('VOL-7: mkfifo makes one that commands of a shell talk through', async () => {
    const container = await new TestContainers().start('busybox', { command: ['sleep', '100000'] });
    const script =
      'mkfifo -m 600 /tmp/p && ls -l /tmp | tail -1 | cut -c1-10; (cat /tmp/p; echo end) & echo through > /tmp/p; wait; mkfifo /tmp/p';
    expect(await container.exec(['sh', '-c', script])).toEqual({
      code: 1,
      out: 'prw-------\nthrough\nend\n',
      err: 'mkfifo: /tmp/p: File exists\n',
    });
  });
});
