/**
 * A stream of the bus as one end of a connection between Pods: what goes wrong with it is what TCP would say.
 */
import { type BusStream, StreamDuplex } from '@regatta/bus';
import { NetworkError } from './network-error.ts';

export class BusDuplex extends StreamDuplex {
  constructor(stream: BusStream) {
    super(stream);
    // Whoever uses the connection sees the error as the end of what it reads; nobody need listen for it.
    this.on('error', () => {});
  }

  protected override readFailure(): Error {
    return new NetworkError('ECONNRESET', 'Connection reset by peer');
  }

  protected override writeFailure(): Error {
    return new NetworkError('EPIPE', 'Broken pipe');
  }
}
