import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { BUILT_IN_IMAGES, ImageCatalogue } from '../../src/images/catalogue.ts';
import { type ImageFolderError, LARGEST_IMAGE, loadImages } from '../../src/images/own/load-images.ts';
import { TestContainers } from '../support/test-container.ts';

const EXAMPLES = fileURLToPath(new URL('../../../../examples/images', import.meta.url));

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function examples(): Promise<TestContainers> {
  return new TestContainers(new ImageCatalogue([...BUILT_IN_IMAGES, ...(await loadImages(EXAMPLES))]));
}

/** What loading a folder complains of, without the folder's own path. */
async function complaints(folder: string): Promise<string[]> {
  const { problems } = await loadImages(folder).then(
    () => ({ problems: [] }),
    (error: ImageFolderError) => error,
  );
  return problems.map((problem) => problem.replaceAll(`${folder}/`, ''));
}

async function folderWith(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'regatta-images-'));
  ends.push(() => rm(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), content);
  }
  return folder;
}

describe("images of one's own", () => {
  it('IMG-40: an image.yaml serves its routes, prints its lines, has its files and ends as it says', async () => {
    const containers = await examples();
    const hello = await containers.start('example/hello:1.0', { env: [{ name: 'GREETING', value: 'good day' }] });
    await expect.poll(() => hello.log()).toContain('listening on port 8080\n');
    const get = async (route: string): Promise<string> =>
      (await hello.exec(['curl', '-s', '-w', ' %{http_code}', `localhost:8080${route}`])).out;
    expect(await get('/')).toBe('good day from pod\n 200');
    expect(await get('/broken')).toBe('not now\n 503');
    expect(await get('/api/any/thing')).toBe('{"pod": "pod"} 200');
    expect(await get('/else')).toBe('not found\n 404');
    expect((await hello.exec(['cat', '/srv/note.txt'])).out).toBe('A file of the image.\n');
    expect((await hello.exec(['/usr/local/bin/greet', 'you'])).out).toBe('good day, you\n');
    await containers.runtime.stopContainer(hello.id, 30_000);
    expect(hello.record?.exitCode).toBe(0);
    await expect(containers.start('example/hello:9')).rejects.toThrow('not found');
  });

  it('IMG-41: an image.mjs brings a program', async () => {
    const containers = await examples();
    const counter = await containers.start('example/counter');
    await expect.poll(() => counter.log()).toContain('counting on port 7000\n');
    for (const visitor of [1, 2])
      expect((await counter.exec(['nc', counter.ip, '7000'], '')).out).toBe(`you are visitor ${visitor}\n`);
    expect((await counter.exec(['cat', '/data/count'])).out).toBe('2');
    await containers.runtime.stopContainer(counter.id, 30_000);
    expect(counter.record?.exitCode).toBe(0);
  });

  it('IMG-42: all that is wrong is said at once, with its place', async () => {
    const folder = await folderWith({
      'a/image.yaml':
        'repositories: [UPPER]\nsize: big\nstopSignal: SIGNOTHING\nfils: {}\nserver: {port: 70000, routes: [{path: x, status: 99}], log: {every: 1ms}}\n',
      'b/image.yaml': 'repositories: {',
      'c/readme.md': '',
      'd/image.mjs': 'export default {}',
      'e/image.mjs': 'throw new Error("no")',
      'f/image.yaml': 'repositories: [same]',
      'g/image.yaml': 'repositories: [same]',
    });
    expect(await complaints(folder)).toEqual([
      'a/image.yaml: repositories: "UPPER" is no name of an image (without registry and tag)',
      'a/image.yaml: size: must be a quantity such as 25Mi',
      'a/image.yaml: stopSignal: must be a signal such as SIGTERM',
      'a/image.yaml: server.routes[0].path: must be a path that begins with /',
      'a/image.yaml: server.routes[0].status: must be a whole number from 200 to 599',
      'a/image.yaml: server.port: must be a whole number from 1 to 65535',
      'a/image.yaml: server.log.every: must be at least 10ms',
      'a/image.yaml: fils: is unknown here; known are repositories, login, server, tags, size, base, entrypoint, command, env, workingDir, stopSignal, shell, files',
      expect.stringMatching(/^b\/image\.yaml: /),
      `${folder}/c: has no image.yaml and no image.mjs`.replace(`${folder}/`, ''),
      'd/image.mjs: exports by default no object with `repositories`, a list of names, and `size`, bytes',
      'e/image.mjs: no',
      'same: two images have this name',
      'library/same: two images have this name',
    ]);
  });

  it('IMG-43: files are bounded, and links lead nowhere', async () => {
    const folder = await folderWith({
      'a/image.yaml': 'repositories: [one]',
      'a/files/large': new Uint8Array(LARGEST_IMAGE + 1),
      'b/image.yaml': 'repositories: [two]',
      'b/files/x': '',
    });
    await symlink('/etc/passwd', path.join(folder, 'b/files/passwd'));
    expect(await complaints(folder)).toEqual([
      `a/image.yaml: files: are larger than ${LARGEST_IMAGE} bytes`,
      'b/image.yaml: files: /passwd is neither a file nor a folder',
    ]);
    expect(await complaints(path.join(folder, 'none'))).toHaveLength(1);
  });
});
