/**
 * redis-server's configuration: a file, then options of the command line over it.
 */
import { ContainerFileSystem } from '../../runtime/filesystem/file-system.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';

export interface RedisConfig {
  readonly file: string | undefined;
  readonly port: number;
  readonly directory: string;
  readonly appendOnly: boolean;
  readonly password: string;
  /** A snapshot is written when the server ends, unless `save ""` says that there are none. */
  readonly savesAtEnd: boolean;
}

/** @throws FileError when the configuration file is not there */
export function readConfig(process: ProcessContext): RedisConfig {
  const [, ...words] = process.argv;
  const file = words[0] !== undefined && !words[0].startsWith('-') ? words.shift() : undefined;
  const settings = new Map<string, string>();
  if (file !== undefined) {
    const text = Buffer.from(process.fileSystem().readFile(ContainerFileSystem.resolve(process.cwd, file))).toString();
    for (const line of text.split('\n')) {
      const [name = '', ...values] = line.trim().split(/\s+/);
      if (name !== '' && !name.startsWith('#')) settings.set(name.toLowerCase(), unquoted(values.join(' ')));
    }
  }
  for (let i = 0; i < words.length; i++) {
    const name = words[i] ?? '';
    if (!name.startsWith('--')) continue;
    const values: string[] = [];
    while (words[i + 1] !== undefined && !words[i + 1]?.startsWith('--')) values.push(words[++i] ?? '');
    settings.set(name.slice(2).toLowerCase(), unquoted(values.join(' ')));
  }
  return {
    file,
    port: Number(settings.get('port') ?? 6379),
    directory: ContainerFileSystem.resolve(process.cwd, settings.get('dir') ?? '.'),
    appendOnly: settings.get('appendonly') === 'yes',
    password: settings.get('requirepass') ?? '',
    savesAtEnd: settings.get('save') !== '',
  };
}

function unquoted(text: string): string {
  return text.replace(/^"(.*)"$/, '$1');
}
