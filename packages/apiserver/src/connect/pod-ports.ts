/**
 * A Pod's ports as port-forward reaches them: each connection is a stream of the bus to the Pod's loopback interface.
 *
 * Invariant: the session ends when the Pod's sandbox is gone, its node is lost, or the client leaves, and with it every
 * connection.
 */
import type { BusStream, PortForwardRequest } from '@regatta/bus';
import type { ConnectEnvironment } from './connect-environment.ts';
import { type NodeAddress, openNodeStream } from './node-stream.ts';

export class PodPorts {
  readonly #over = new AbortController();

  private constructor(
    private readonly env: ConnectEnvironment,
    private readonly node: NodeAddress,
    private readonly request: PortForwardRequest,
  ) {}

  /** @throws NodeRefusal, NodeUnreachable */
  static async open(
    env: ConnectEnvironment,
    node: NodeAddress,
    request: PortForwardRequest,
    client: AbortSignal,
  ): Promise<PodPorts> {
    const ports = new PodPorts(env, node, request);
    const hold = await openNodeStream(env.bus, node, request, client);
    client.addEventListener('abort', () => hold.abort('the client is gone'), { once: true });
    if (client.aborted) hold.abort('the client is gone');
    void ports.#watch(hold);
    return ports;
  }

  /** Aborts when the session is over. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** @throws NodeRefusal with the runtime's words when nobody listens, NodeUnreachable */
  connect(port: number): Promise<BusStream> {
    const { namespace, pod, uid } = this.request;
    return openNodeStream(this.env.bus, this.node, { op: 'connect', namespace, pod, uid, port }, this.signal);
  }

  async #watch(hold: BusStream): Promise<void> {
    try {
      for await (const _ of hold.frames);
    } catch (error) {
      this.env.logger.debug('a port-forward ends', { pod: this.request.pod, error });
    }
    this.#over.abort();
  }
}
