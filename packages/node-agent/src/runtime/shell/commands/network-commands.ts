/**
 * The network applets as commands of the interpreter: what they print is gathered, as its commands give their output at
 * once.
 */
import { type Command, defineCommand, latin1FromBytes } from 'just-bash';
import { NETWORK_APPLETS, networkApplet } from '../../../programs/network/applets.ts';
import type { NetworkProcess } from '../../../programs/network/network-process.ts';
import type { ProcessContext } from '../../process/process-context.ts';

export function networkCommands(process: ProcessContext): Command[] {
  return [...NETWORK_APPLETS].map((name) =>
    defineCommand(name, async (args, { cwd, stdin }) => {
      const chunks = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
      const take = (stream: 'stdout' | 'stderr') => async (data: string | Uint8Array) =>
        void chunks[stream].push(Buffer.from(data));
      const applet = networkApplet(name);
      const { env, killed, clock, network, resolver, ip, hostname, image } = process;
      const own: NetworkProcess = {
        ...{ env, killed, clock, network, resolver, ip, hostname, image, cwd },
        argv: [name, ...args],
        stdin: once(Buffer.from(latin1FromBytes(stdin), 'latin1')),
        print: take('stdout'),
        printError: take('stderr'),
        fileSystem: () => process.fileSystem(),
        onSignal: (signal, disposition) => process.onSignal(signal, disposition),
      };
      const exitCode = (await applet?.(own)) ?? 127;
      return {
        stdout: Buffer.concat(chunks.stdout).toString('latin1'),
        stdoutKind: 'bytes',
        stderr: Buffer.concat(chunks.stderr).toString(),
        exitCode,
      };
    }),
  );
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}
