/**
 * A process on a byte stream: channels as in Kubernetes' v5.channel.k8s.io, ended by a Status
 * (upstream: staging/src/k8s.io/kubelet/pkg/cri/streaming/remotecommand/exec.go).
 */
import { type BusStream, Channel, type ProcessRequest } from '@regatta/bus';
import type { ProcessSession } from '../runtime/container-runtime.ts';

/** As Go's encoder writes it; 16 bits each. */
const TERMINAL_SIZE = /"Width"\s*:\s*(\d{1,5})\b.*"Height"\s*:\s*(\d{1,5})\b/s;

/** Carries a session until its process ends or the other side goes away. */
export async function carryProcess(session: ProcessSession, stream: BusStream, request: ProcessRequest): Promise<void> {
  const close = (): void => session.close();
  stream.signal.addEventListener('abort', close, { once: true });
  void readInput(session, stream, request.stdin);
  for await (const { stream: name, bytes } of session.output) {
    if (request[name]) await stream.write(frame(name === 'stdout' ? Channel.stdout : Channel.stderr, bytes));
  }
  await stream.write(frame(Channel.error, Buffer.from(JSON.stringify(endStatus(await session.exitCode, request)))));
  await stream.end();
  stream.signal.removeEventListener('abort', close);
}

/** @param takesInput whether the other side has any: if not, its end says nothing */
async function readInput(session: ProcessSession, stream: BusStream, takesInput: boolean): Promise<void> {
  try {
    for await (const bytes of stream.frames) {
      const payload = bytes.subarray(1);
      if (bytes[0] === Channel.stdin) await session.writeStdin(payload);
      else if (bytes[0] === Channel.close && payload[0] === Channel.stdin) session.endStdin();
      else if (bytes[0] === Channel.resize) resize(session, payload);
    }
    if (takesInput) session.endStdin();
  } catch {
    // The connection is lost: whoever asked is gone, and so is what was asked for.
    session.close();
  }
}

/** A size that is none is left out, as upstream's decoder leaves it. */
function resize(session: ProcessSession, payload: Uint8Array): void {
  const [, columns, rows] = TERMINAL_SIZE.exec(Buffer.from(payload).toString()) ?? [];
  if (columns !== undefined && rows !== undefined) session.resize(Number(columns), Number(rows));
}

export function frame(channel: number, bytes: Uint8Array): Uint8Array {
  const framed = new Uint8Array(bytes.length + 1);
  framed[0] = channel;
  framed.set(bytes, 1);
  return framed;
}

/** The Status that tells how a process ended. Of one that was attached to, only that it has. */
export function endStatus(code: number, { op, command }: Pick<ProcessRequest, 'op' | 'command'>): object {
  if (code === 0 || op === 'attach') return { metadata: {}, status: 'Success' };
  const why = `error executing command [${command.join(' ')}], exit code ${code}`;
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: ${why}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  };
}

/** The Status of a command that could not be started. */
export function internalErrorStatus(message: string): object {
  return {
    metadata: {},
    status: 'Failure',
    message: `Internal error occurred: ${message}`,
    reason: 'InternalError',
    details: { causes: [{ message }] },
    code: 500,
  };
}
