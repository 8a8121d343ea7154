/**
 * Applets by name: those that an image shows are there, and finding one loads nothing.
 */
import { describe, expect, it } from 'vitest';
import { BUSYBOX_IMAGE } from '../../src/images/busybox/busybox.ts';
import { directoryNode } from '../../src/runtime/filesystem/nodes.ts';
import { findShellProgram } from '../../src/runtime/shell/shell-commands.ts';
import { TestContainers } from '../support/test-container.ts';

describe('applets', () => {
  it('SH-12: every program that busybox shows in /bin can be run', () => {
    const root = directoryNode();
    BUSYBOX_IMAGE.populate(root, 0);
    const bin = root.entries.get('bin');
    const names = bin?.kind === 'directory' ? [...bin.entries.keys()] : [];
    expect(names.length).toBeGreaterThan(100);
    expect(names.filter((name) => findShellProgram(name, undefined) === undefined)).toEqual([]);
  });

  it('SH-12: what an image shows and nobody emulates is not found', async () => {
    const container = await new TestContainers().start('nginx', { command: ['sleep', 'infinity'] });
    const script = 'printf "\\177ELF" >/bin/thing; chmod +x /bin/thing; /bin/thing';
    expect(await container.exec(['sh', '-c', script])).toMatchObject({
      code: 127,
      err: 'sh: 1: /bin/thing: not found\n',
    });
  });

  it('SH-12: a script is run by what its first line names', async () => {
    const container = await new TestContainers().start('busybox', { command: ['sleep', 'infinity'] });
    await container.exec(['sh', '-c', "printf '#!/bin/cat\\ntext\\n' >/tmp/s; chmod +x /tmp/s"]);
    expect(await container.exec(['/tmp/s'])).toMatchObject({ code: 0, out: '#!/bin/cat\ntext\n' });
    expect(await container.exec(['sh', '-c', 'cd /tmp; ./s'])).toMatchObject({ code: 0, out: '#!/bin/cat\ntext\n' });
  });
});

describe("words of a Debian image's tools", () => {
  it("SH-12: are GNU's", async () => {
    const container = await new TestContainers().start('nginx', { command: ['sleep', 'infinity'] });
    const script = 'head /nope; touch /nope/x; ls /nope; rm /nope; env nope; timeout 1 nope; xargs nope </dev/null';
    expect((await container.exec(['sh', '-c', script], '')).err.split('\n')).toEqual([
      "head: cannot open '/nope' for reading: No such file or directory",
      "touch: cannot touch '/nope/x': No such file or directory",
      "ls: cannot access '/nope': No such file or directory",
      "rm: cannot remove '/nope': No such file or directory",
      "env: 'nope': No such file or directory",
      "timeout: failed to run command 'nope': No such file or directory",
      'xargs: nope: No such file or directory',
      '',
    ]);
  });
});
