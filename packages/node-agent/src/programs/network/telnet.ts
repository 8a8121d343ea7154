/**
 * telnet (busybox networking/telnet.c): a connection joined to standard input and output; options that the other side
 * asks for are refused.
 */
import { NetworkError } from '../../network/network-error.ts';
import type { NetworkProcess } from './network-process.ts';

const DEFAULT_PORT = 23;
const IAC = 255;
const [WILL, WONT, DO, DONT] = [251, 252, 253, 254];

export async function telnet(process: NetworkProcess): Promise<number> {
  const [host, port = String(DEFAULT_PORT)] = process.argv.slice(1).filter((word) => !word.startsWith('-'));
  if (host === undefined) {
    await process.printError('Usage: telnet [-a] [-l USER] HOST [PORT]\n');
    return 1;
  }
  let ip = host;
  try {
    [ip = host] = await process.resolver.lookup(host, process.killed);
    const connection = await process.network.connect(process.ip, { ip, port: Number(port) });
    await process.print(`Connected to ${host}\n`);
    process.killed.addEventListener('abort', () => connection.destroy(), { once: true });
    const send = async (): Promise<void> => {
      for await (const chunk of process.stdin) connection.write(chunk);
    };
    send().catch(() => connection.destroy());
    for await (const chunk of connection) {
      const { text, answer } = negotiate(chunk as Uint8Array);
      if (answer.length > 0) connection.write(answer);
      await process.print(text);
    }
    await process.printError('Connection closed by foreign host\n');
    return 1;
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    const isName = error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN';
    const why = isName ? `bad address '${host}'` : `can't connect to remote host (${ip}): ${error.message}`;
    await process.printError(`telnet: ${why}\n`);
    return 1;
  }
}

/** What of some bytes is text, and the refusals of what they ask for. */
function negotiate(bytes: Uint8Array): { readonly text: Uint8Array; readonly answer: Uint8Array } {
  const text: number[] = [];
  const answer: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] !== IAC) text.push(bytes[at] ?? 0);
    else {
      const [command = 0, option = 0] = [bytes[at + 1], bytes[at + 2]];
      if (command === DO) answer.push(IAC, WONT, option);
      else if (command === WILL) answer.push(IAC, DONT, option);
      at += command >= WILL ? 2 : 1;
    }
  }
  return { text: Uint8Array.from(text), answer: Uint8Array.from(answer) };
}
