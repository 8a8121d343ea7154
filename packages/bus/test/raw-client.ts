/** A client that speaks the NATS protocol by hand: what no well-behaved library would send. */
import net from 'node:net';
import { until } from './servers.ts';

export class RawClient {
  readonly socket: net.Socket;
  text = '';
  closed = false;

  constructor(port: number) {
    this.socket = net.connect(port, '127.0.0.1');
    this.socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString('latin1');
    });
    this.socket.on('close', () => {
      this.closed = true;
    });
    this.socket.on('error', () => {});
  }

  /** What the server said when the connection was made. */
  async info(): Promise<{ readonly nonce: string }> {
    await until(() => /INFO .*\r\n/.test(this.text), 'INFO');
    const [, info = ''] = /INFO (.*)\r\n/.exec(this.text) ?? [];
    return JSON.parse(info) as { nonce: string };
  }

  send(text: string | Buffer): void {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  }

  async expect(text: string): Promise<void> {
    await until(() => this.text.includes(text), `"${text}" in ${JSON.stringify(this.text.slice(-200))}`);
  }

  /** Everything since the last call, once the server has handled all that was sent. */
  async said(): Promise<string> {
    this.text = '';
    return this.after();
  }

  async after(): Promise<string> {
    this.send('PING\r\n');
    await this.expect('PONG\r\n');
    const text = this.text.replace('PONG\r\n', '');
    this.text = '';
    return text;
  }
}
