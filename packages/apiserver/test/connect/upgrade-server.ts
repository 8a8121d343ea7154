/**
 * A server that does nothing but upgrades, with a node in memory behind it.
 */
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { statusErrors } from '@regatta/api';
import { WebSocket } from 'ws';
import type { AdmissionAttributes } from '../../src/admission/admission.ts';
import type { Remotes } from '../../src/aggregation/mod.ts';
import type { RequestAttributes } from '../../src/auth/identity.ts';
import type { UpgradeEnvironment } from '../../src/connect/connect-environment.ts';
import { upgradeHandler } from '../../src/connect/mod.ts';
import { AdmissionChain } from '../../src/registry/admission-chain.ts';
import type { ServerResponse } from '../../src/server/exchange.ts';
import { http1Request } from '../../src/server/http1.ts';
import { requestInfo } from '../../src/server/request-info.ts';
import { type TestObjects, testEnvironment } from './environment.ts';
import { FakeNode } from './fake-node.ts';

export interface Upgraded {
  readonly message: IncomingMessage;
  readonly socket: Duplex;
}

export interface Refused {
  readonly code: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export const NO_REMOTES: Remotes = {
  isEmpty: true,
  of: () => undefined,
  get env(): never {
    throw new Error('there are no extension servers');
  },
};

export class UpgradeServer {
  readonly node = new FakeNode();
  /** What the authorizer was asked after the request itself was allowed. */
  readonly asked: RequestAttributes[] = [];
  /** What admission was asked. */
  readonly admitted: AdmissionAttributes[] = [];
  /** Why admission refuses; it allows when empty. */
  denies = '';
  mayCreate = true;
  /** Extension servers; none unless a test has some. */
  remotes: Remotes = NO_REMOTES;
  user = 'ann';
  /** What requests get that stay on HTTP. */
  overHttp: () => ServerResponse = () => ({ code: 404, headers: {}, body: [Buffer.from('over HTTP')] });

  private constructor(readonly server: Server) {}

  static async start(objects: () => TestObjects): Promise<UpgradeServer> {
    const made = new UpgradeServer(createServer());
    const admission = new AdmissionChain([
      {
        name: 'Asked',
        handles: () => true,
        validate: (attributes) => {
          made.admitted.push(attributes);
          if (made.denies) throw statusErrors.forbidden(attributes, attributes.name, made.denies);
        },
      },
    ]);
    const upgrade = upgradeHandler({
      ...testEnvironment(made.node, objects),
      pipeline: made.#pipeline(),
      admission,
      get remotes() {
        return made.remotes;
      },
    });
    made.server.on('upgrade', (message, socket, head) => {
      upgrade(http1Request(message, { rejected: false, remoteAddress: '10.0.0.9' }), { message, socket, head });
    });
    await new Promise<void>((resolve) => made.server.listen(0, '127.0.0.1', resolve));
    return made;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  webSocket(path: string, protocols: string[]): WebSocket {
    return new WebSocket(`ws://127.0.0.1:${this.port}${path}`, protocols);
  }

  /** @throws what the server answers instead */
  upgrade(path: string, headers: Readonly<Record<string, string | string[]>>, method = 'POST'): Promise<Upgraded> {
    return new Promise((resolve, reject) => {
      const asking = request({
        port: this.port,
        host: '127.0.0.1',
        path,
        method,
        headers: { connection: 'Upgrade', ...headers },
      });
      asking.once('upgrade', (message, socket, head) => {
        if (head.length > 0) socket.unshift(head);
        resolve({ message, socket });
      });
      asking.once('error', reject);
      asking.once('response', (message) => {
        let body = '';
        message.on('data', (chunk: Buffer) => {
          body += chunk.toString();
        });
        const refusal = (): Refused => ({ code: message.statusCode ?? 0, headers: message.headers, body });
        message.once('end', () => reject(refusal()));
      });
      asking.end();
    });
  }

  async refusal(path: string, headers: Readonly<Record<string, string | string[]>>, method = 'POST'): Promise<Refused> {
    const answer = await this.upgrade(path, headers, method).catch((refused: unknown) => refused as Refused);
    if ('socket' in answer) throw new Error('it was upgraded');
    return answer;
  }

  #pipeline(): UpgradeEnvironment['pipeline'] {
    return {
      followUpgrade: () => {},
      refuseUpgrade: () => {},
      handle: () => this.overHttp(),
      admit: async (admitted: ReturnType<typeof http1Request>) => ({
        request: admitted,
        info: requestInfo(admitted.method, admitted.url),
        user: { name: this.user, groups: [] },
        warnings: [],
      }),
      options: {
        authorizer: {
          authorize: (attributes: RequestAttributes) => {
            this.asked.push(attributes);
            return { verdict: this.mayCreate ? 'allow' : 'no-opinion', reason: '' };
          },
        },
      },
    } as unknown as UpgradeEnvironment['pipeline'];
  }
}
