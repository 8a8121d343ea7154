import { type BusStream, decode, encode } from '@regatta/bus';
import { describe, expect, it } from 'vitest';
import { BusDuplex } from '../../src/network/bus-duplex.ts';
import { acceptDial, BusUplink } from '../../src/network/bus-uplink.ts';
import { PodNetwork } from '../../src/network/pod-network.ts';
import { streamPair } from '../support/stream-pair.ts';
import { textFrom } from '../support/test-network.ts';

describe('connections between machines', () => {
  it('NET-15: bytes and ends go both ways, one direction after the other', async () => {
    const [near, far] = streamPair().map((stream) => new BusDuplex(stream));
    near?.end('hello');
    expect(far && (await textFrom(far))).toBe('hello');
    far?.end('goodbye');
    expect(near && (await textFrom(near))).toBe('goodbye');
  });

  it('NET-16: an end that goes resets the other, and nothing else breaks', async () => {
    const [near, far] = streamPair().map((stream) => new BusDuplex(stream));
    far?.resume();
    near?.destroy();
    await expect(far && textFrom(far)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('NET-17: a dial reaches who listens, and is told why when nobody does', async () => {
    const network = new PodNetwork('192.168.49.2');
    network.setRange('10.244.1.0/24');
    const ip = network.allocate();
    network.listen(ip, 80, (connection) => connection.end('here'));
    const [near, far] = streamPair();
    const open = async (service: string, request: Uint8Array) => {
      expect(service).toBe('node.node-2');
      let response: Uint8Array = encode(null);
      const accept = async (answer: Uint8Array): Promise<BusStream> => {
        response = answer;
        return far;
      };
      const unused = async (): Promise<void> => {};
      await acceptDial({ subject: '', caller: '', request, reply: unused, fail: unused, accept }, network);
      return { response, stream: near };
    };
    const uplink = new BusUplink({ open, call: async () => encode(decode(encode({ ok: true }))) });
    expect(await textFrom(await uplink.connect('node-2', '10.244.2.2', { ip, port: 80 }))).toBe('here');
    await expect(uplink.connect('node-2', '10.244.2.2', { ip, port: 81 })).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  });
});
