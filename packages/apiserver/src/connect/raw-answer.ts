/**
 * HTTP answers on a socket that Node's server has let go of because the request asked for another protocol.
 * The connection ends with the answer.
 */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { isStream, type ResponseHeaders, type ServerResponse, type StreamSink } from '../server/exchange.ts';
import { endWith } from '../server/last-words.ts';

export async function answerRaw(socket: Duplex, response: ServerResponse): Promise<void> {
  if (!socket.writable) return;
  if (!isStream(response)) {
    const body = Buffer.concat(response.body);
    const headers = { ...response.headers, 'content-length': String(body.length) };
    endWith(socket, Buffer.concat([responseHead(response.code, headers), body]));
    response.sent?.();
    return;
  }
  // Who reads nothing sees nobody leave.
  socket.resume();
  socket.write(responseHead(response.code, response.headers));
  try {
    await response.stream(sinkOf(socket));
    endWith(socket);
  } catch {
    socket.destroy();
  }
}

/** Status line and headers. */
export function responseHead(code: number, headers: ResponseHeaders): Buffer {
  const lines = [`HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ''}`, 'Connection: close'];
  for (const [name, value] of Object.entries(headers)) {
    for (const one of Array.isArray(value) ? value : [value]) lines.push(`${name}: ${one}`);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

function sinkOf(socket: Duplex): StreamSink {
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  return {
    signal: gone.signal,
    write: (bytes) => socket.write(bytes),
    drained: () =>
      new Promise((resolve) => {
        const done = (): void => {
          socket.off('drain', done);
          socket.off('close', done);
          resolve();
        };
        socket.once('drain', done);
        socket.once('close', done);
      }),
  };
}
