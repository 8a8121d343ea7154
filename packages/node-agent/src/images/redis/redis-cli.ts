/**
 * redis-cli: one command, or commands from standard input. Answers are told as for people on a terminal, plain
 * otherwise, as the real one does.
 */

import type { Duplex } from 'node:stream';
import { NetworkError } from '../../network/network-error.ts';
import { parseCommandLine, UsageError } from '../../programs/support/command-line.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { encodeCommand, type Reply, ReplyReader, RespError } from './resp.ts';

const OPTIONS = {
  short: 'h:p:a:n:u:xr:i:',
  flags: { raw: 'raw', 'no-raw': 'no-raw', version: 'version', 'no-auth-warning': 'quiet' },
  values: { user: 'user', pass: 'a' },
};

export async function redisCli(process: ProcessContext): Promise<number> {
  const { own, command } = splitCommand(process.argv.slice(1));
  const line = readOptions(own);
  if (line instanceof UsageError) {
    process.write('stderr', `Unrecognized option or bad number of args for: '-${line.option}'\n`);
    return 1;
  }
  const host = line.value('h') ?? '127.0.0.1';
  const port = Number(line.value('p') ?? 6379);
  const isPlain = line.has('raw') || (process.fds.get(1).terminal === undefined && !line.has('no-raw'));
  let client: Client;
  try {
    const [ip = ''] = await process.resolver.lookup(host, process.killed);
    client = new Client(await process.network.connect(process.ip, { ip, port }));
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    const why = error.code === 'ENOTFOUND' ? 'Name or service not known' : error.message;
    process.write('stderr', `Could not connect to Redis at ${host}:${port}: ${why}\n`);
    return 1;
  }
  try {
    const password = line.value('a') ?? process.env.get('REDISCLI_AUTH');
    if (password !== undefined) await client.ask(['AUTH', password]);
    if (command.length === 0) return await commandsFromInput(process, client, `${host}:${port}> `, isPlain);
    const reply = await client.ask(command);
    await process.print(isPlain ? plain(reply) : told(reply));
    return reply.kind === 'error' ? 1 : 0;
  } catch (error) {
    if (!(error instanceof NetworkError || error instanceof RespError)) throw error;
    const isLost = error instanceof NetworkError;
    process.write('stderr', `Error: ${isLost ? 'Server closed the connection' : error.message}\n`);
    return 1;
  } finally {
    client.close();
  }
}

function readOptions(own: readonly string[]): ReturnType<typeof parseCommandLine> | UsageError {
  try {
    return parseCommandLine(own, OPTIONS);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
}

/** Options come first; from the first other word on, everything is the command. */
function splitCommand(words: readonly string[]): {
  readonly own: readonly string[];
  readonly command: readonly string[];
} {
  let at = 0;
  while (at < words.length && words[at]?.startsWith('-'))
    at += /^(-[hpanuri]|--user|--pass)$/.test(words[at] ?? '') ? 2 : 1;
  return { own: words.slice(0, at), command: words.slice(at) };
}

class Client {
  readonly #reader = new ReplyReader();
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #replies: Reply[] = [];

  constructor(private readonly connection: Duplex) {
    this.#chunks = connection[Symbol.asyncIterator]();
  }

  /** @throws NetworkError */
  async ask(words: readonly string[]): Promise<Reply> {
    this.connection.write(encodeCommand(words), 'latin1');
    while (this.#replies.length === 0) {
      const { done, value } = await this.#chunks.next();
      if (done) throw new NetworkError('ECONNRESET', 'Server closed the connection');
      this.#replies.push(...this.#reader.read(value));
    }
    return this.#replies.shift() ?? { kind: 'nothing' };
  }

  close(): void {
    this.connection.destroy();
  }
}

async function commandsFromInput(
  process: ProcessContext,
  client: Client,
  prompt: string,
  isPlain: boolean,
): Promise<number> {
  const isTerminal = process.fds.get(0).terminal !== undefined;
  if (isTerminal) await process.print(prompt);
  let rest = '';
  for await (const chunk of process.stdin) {
    rest += Buffer.from(chunk).toString('latin1');
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const words = wordsOf(line);
      if (words[0]?.toLowerCase() === 'exit' || words[0]?.toLowerCase() === 'quit') return 0;
      if (words.length > 0) {
        const reply = await client.ask(words);
        await process.print(isPlain ? plain(reply) : told(reply));
      }
      if (isTerminal) await process.print(prompt);
    }
  }
  return 0;
}

/** Words of a line; quotes keep blanks. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double?.replace(/\\(.)/g, '$1') ?? single ?? bare ?? '',
  );
}

function plain(reply: Reply): string {
  if (reply.kind === 'nothing') return '\n';
  if (reply.kind === 'list') return reply.value.length === 0 ? '\n' : reply.value.map(plain).join('');
  return `${reply.value}\n`;
}

function told(reply: Reply, indent = ''): string {
  if (reply.kind === 'nothing') return '(nil)\n';
  if (reply.kind === 'integer') return `(integer) ${reply.value}\n`;
  if (reply.kind === 'error') return `(error) ${reply.value}\n`;
  if (reply.kind === 'status') return `${reply.value}\n`;
  if (reply.kind !== 'list') return `${JSON.stringify(reply.value)}\n`;
  if (reply.value.length === 0) return '(empty array)\n';
  const width = String(reply.value.length).length;
  return reply.value
    .map((item, i) => {
      const mark = `${String(i + 1).padStart(width)}) `;
      return `${i === 0 ? '' : indent}${mark}${told(item, indent + ' '.repeat(mark.length))}`;
    })
    .join('');
}
