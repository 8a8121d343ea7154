/**
 * A Duplex that passes for a socket: Node's HTTP and TLS ask their sockets for what a plain stream has not. What is carried
 * here has its own timers, and holds no process awake.
 */
import { Duplex } from 'node:stream';

export abstract class SocketDuplex extends Duplex {
  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
