/**
 * Asks the supervisor of a data folder.
 */
import http from 'node:http';
import { CliError } from '../cli-error.ts';
import type { Layout } from '../layout.ts';
import type { ControlAnswer, ControlRequest } from './control-protocol.ts';

/** The supervisor's answer; undefined when none runs on this data folder. */
export function tryAsk(layout: Layout, request: ControlRequest): Promise<ControlAnswer | undefined> {
  return new Promise((resolve, reject) => {
    const call = http.request({ socketPath: layout.controlSocket, method: 'POST', path: '/' }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString()) as ControlAnswer));
      response.on('error', reject);
    });
    call.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(undefined);
      else
        reject(
          new CliError(`The cluster of ${layout.dataDir} does not answer (${error.message}).`, 1, { cause: error }),
        );
    });
    call.end(JSON.stringify(request));
  });
}

/** @throws CliError when no cluster runs there, or it refuses */
export async function ask(layout: Layout, request: ControlRequest): Promise<ControlAnswer & { readonly ok: true }> {
  const answer = await tryAsk(layout, request);
  if (!answer) {
    throw new CliError(
      `No cluster runs on ${layout.dataDir}. Start one with \`regatta up -d\`, or name its folder with --data-dir.`,
    );
  }
  if (!answer.ok) throw new CliError(answer.message);
  return answer;
}
