/**
 * Each effect, direction and bound of link faults, on a wire that records and a clock that is stepped by hand.
 */
import { FakeClock, seededRandom, silentLogger } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { parseFaultCommand } from '../src/faults/fault-command.ts';
import { type LinkEffect, type LinkFault, LONGEST_FAULT_MS, MOST_FAULTS } from '../src/faults/fault-protocol.ts';
import { FaultTable } from '../src/faults/fault-table.ts';
import { FaultyWire } from '../src/faults/faulty-wire.ts';
import { DELAYED_COST, MOST_DELAYED_BYTES } from '../src/faults/lane.ts';
import type { Wire, WireMessage, WireSubscription } from '../src/link/wire.ts';
import { inboxSubject, requestSubject } from '../src/subjects.ts';

const NODE = 'system:node:n1';
const API = 'system:apiserver';
const OTHER = 'system:node:n2';
const MANAGER = 'system:kube-controller-manager';

/** Records what is sent, and hands in what is received. */
class RecordingWire implements Wire {
  readonly sent: number[] = [];
  readonly subjects: string[] = [];
  onMessage: (message: WireMessage) => void = () => {};
  connected: (connected: boolean) => void = () => {};

  publish(subject: string, data: Uint8Array): void {
    this.subjects.push(subject);
    this.sent.push(data[0] ?? -1);
  }

  subscribe(_subject: string, onMessage: (message: WireMessage) => void): WireSubscription {
    this.onMessage = onMessage;
    return { stop: () => {} };
  }

  onConnected(listener: (connected: boolean) => void): void {
    this.connected = listener;
  }

  onDenied(): void {}
  async flush(): Promise<void> {}
  async close(): Promise<void> {}
}

function setup(seed = 1) {
  const clock = new FakeClock();
  const table = new FaultTable(clock);
  const wire = new RecordingWire();
  const faulty = new FaultyWire({ wire, table, clock, random: seededRandom(seed), logger: silentLogger });
  const received: number[] = [];
  const subscription = faulty.subscribe('in.x', ({ data }) => received.push(data[0] ?? -1));
  const set = (peers: readonly string[], effect: LinkEffect, more: Partial<LinkFault> = {}): void =>
    table.set({ id: 'f', peers, direction: 'both', effect, forMs: 10_000, ...more });
  const send = (to: string, byte: number, size = 1): void => {
    faulty.publish(inboxSubject(to, NODE, 'token', 'f'), Buffer.alloc(size, byte));
  };
  const receive = (from: string, byte: number, size = 1): void => {
    wire.onMessage({ subject: inboxSubject(NODE, from, 'token', 'f'), data: Buffer.alloc(size, byte) });
  };
  return { clock, table, wire, faulty, received, subscription, set, send, receive };
}

const count = (length: number): number[] => Array.from({ length }, (_, i) => i);

describe('link faults', () => {
  it('FLT-8: a cut loses everything to and from its peers, and nothing else', () => {
    const { set, send, receive, wire, received } = setup();
    set([API], { drop: 1 });
    for (const peer of [API, OTHER]) {
      send(peer, 1);
      receive(peer, 2);
    }
    expect(wire.subjects).toEqual([inboxSubject(OTHER, NODE, 'token', 'f')]);
    expect(received).toEqual([2]);
    set(['*'], { drop: 1 });
    for (const peer of [API, OTHER]) {
      send(peer, 3);
      receive(peer, 4);
    }
    expect([wire.sent, received]).toEqual([[1], [2]]);
  });

  it('FLT-9: a one-way cut loses one direction', () => {
    for (const direction of ['in', 'out'] as const) {
      const { set, send, receive, wire, received } = setup();
      set([API], { drop: 1 }, { direction });
      send(API, 1);
      receive(API, 2);
      expect(wire.sent).toEqual(direction === 'in' ? [1] : []);
      expect(received).toEqual(direction === 'out' ? [2] : []);
    }
  });

  it('FLT-9: requests belong to whoever asks and to whoever answers, also when a service account asks', () => {
    const { set, faulty, wire, received } = setup();
    const asked = requestSubject('api', 'system:serviceaccount:kube-system:job-controller');
    const ask = (): void => {
      faulty.publish(requestSubject('api', NODE), Buffer.from([1]), inboxSubject(NODE, API, 'token', '7'));
      wire.onMessage({ subject: asked, data: Buffer.from([2]), reply: inboxSubject(MANAGER, API, 'token', '7') });
    };
    ask();
    set([OTHER], { drop: 1 });
    ask();
    expect([wire.sent, received]).toEqual([
      [1, 1],
      [2, 2],
    ]);
    set([API, MANAGER], { drop: 1 });
    ask();
    expect([wire.sent.length, received.length]).toEqual([2, 2]);
  });

  it('FLT-10: what the broker says of a peer is lost with the messages of that peer', () => {
    const { set, wire, received } = setup();
    set([API], { drop: 1 }, { direction: 'in' });
    const nobody = (peer: string): WireMessage => ({
      subject: inboxSubject(NODE, peer, 'token', '9'),
      data: new Uint8Array(0),
    });
    wire.onMessage(nobody(API));
    expect(received).toEqual([]);
    wire.onMessage(nobody(OTHER));
    expect(received).toEqual([-1]);
  });

  it('FLT-12: a share of messages is lost (seed 5)', () => {
    const { set, send, receive, wire, received } = setup(5);
    set([API], { drop: 0.3 });
    for (let i = 0; i < 1000; i++) {
      send(API, 1);
      receive(API, 1);
    }
    for (const { length } of [wire.sent, received]) {
      expect(length).toBeGreaterThan(640);
      expect(length).toBeLessThan(760);
    }
  });

  it('FLT-11: a delay with jitter holds each message at least so long, in order, and peers do not wait for each other', async () => {
    const { set, send, receive, wire, received, clock } = setup(2);
    set([API], { delay: { ms: 100, jitterMs: 80 } });
    for (let i = 0; i < 50; i++) {
      send(API, i);
      receive(API, i);
      await clock.advance(1);
    }
    send(OTHER, 200);
    expect(wire.sent).toEqual([200]);
    await clock.advance(49);
    expect([wire.sent, received]).toEqual([[200], []]);
    await clock.advance(200);
    expect(wire.sent).toEqual([200, ...count(50)]);
    expect(received).toEqual(count(50));
    expect(clock.pendingTimers).toBe(1);
  });

  it('FLT-11: the delays of several faults add up', async () => {
    const { set, send, wire, clock } = setup();
    set([API], { delay: { ms: 100 } }, { id: 'a' });
    set(['*'], { delay: { ms: 50 } }, { id: 'b', direction: 'out' });
    send(API, 1);
    await clock.advance(149);
    expect(wire.sent).toEqual([]);
    await clock.advance(1);
    expect(wire.sent).toEqual([1]);
  });

  it('FLT-13: duplicates come right after the first; requests are not sent twice, but received twice', () => {
    const { set, send, receive, faulty, wire, received } = setup();
    set([API], { duplicate: 1 });
    send(API, 1);
    send(API, 2);
    receive(API, 3);
    faulty.publish(requestSubject('api', NODE), Buffer.from([4]), inboxSubject(NODE, API, 'token', '7'));
    wire.onMessage({ subject: 'rpc.node.n1.x', data: Buffer.from([5]), reply: inboxSubject(API, NODE, 'token', '7') });
    expect([wire.sent, received]).toEqual([
      [1, 1, 2, 2, 4],
      [3, 3, 5, 5],
    ]);
  });

  it('FLT-14: bandwidth lets messages through in turn, as fast as it is, per peer and direction', async () => {
    const { set, send, receive, wire, received, clock } = setup();
    const size = 1000 - inboxSubject(API, NODE, 'token', 'f').length;
    set([API], { bandwidth: 10_000 });
    for (const i of count(5)) {
      send(API, i, size);
      receive(API, i, size);
    }
    for (const i of count(5)) {
      await clock.advance(99);
      expect([wire.sent, received]).toEqual([count(i), count(i)]);
      await clock.advance(1);
      expect([wire.sent, received]).toEqual([count(i + 1), count(i + 1)]);
    }
    await clock.advance(1000);
    send(API, 9, size);
    await clock.advance(99);
    expect(wire.sent.length).toBe(5);
  });

  it('FLT-15: a fault ends by itself, and what waits leaves at once, in order, before what comes then', async () => {
    const { set, send, receive, wire, received, clock, table } = setup();
    set([API], { delay: { ms: 5000 } }, { forMs: 1000 });
    for (const i of count(3)) {
      send(API, i);
      receive(API, i);
    }
    await clock.advance(999);
    expect(table.list()).toMatchObject([{ id: 'f', leftMs: 1 }]);
    expect([wire.sent, received]).toEqual([[], []]);
    await clock.advance(1);
    send(API, 3);
    receive(API, 3);
    expect([wire.sent, received, table.list(), table.active]).toEqual([count(4), count(4), [], false]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('FLT-15: the same id replaces a fault, and what waits is planned anew', async () => {
    const { set, send, wire, clock, table } = setup();
    set([API], { delay: { ms: 60_000 } });
    send(API, 1);
    await clock.advance(50);
    set([API], { delay: { ms: 80 } });
    send(API, 2);
    await clock.advance(30);
    expect(wire.sent).toEqual([1]);
    await clock.advance(50);
    expect(wire.sent).toEqual([1, 2]);
    expect(table.list().length).toBe(1);
    set([API], { delay: { ms: 100 } });
    send(API, 3);
    set([API], { bandwidth: 1_000_000 }, { id: 'g' });
    table.heal(['f', 'unknown']);
    await clock.advance(1);
    expect(wire.sent).toEqual([1, 2, 3]);
  });

  it('FLT-16: an endpoint keeps so many faults, and no more', () => {
    const { set, table } = setup();
    for (let i = 0; i < MOST_FAULTS; i++) set([API], { drop: 1 }, { id: `f${i}` });
    expect(() => set([API], { drop: 1 }, { id: 'more' })).toThrowError(
      expect.objectContaining({ code: 'refused', message: 'this endpoint keeps 64 faults already' }),
    );
    set([OTHER], { drop: 1 }, { id: 'f0' });
    table.heal(['f1']);
    set([API], { drop: 1 }, { id: 'more' });
    expect(table.list().length).toBe(MOST_FAULTS);
  });

  it('FLT-17: what waits is bounded; what comes beyond that is dropped and counted', async () => {
    const { set, send, receive, wire, received, clock, faulty } = setup();
    set(['*'], { delay: { ms: 1000 } });
    const subject = inboxSubject(API, NODE, 'token', 'f').length;
    const size = MOST_DELAYED_BYTES / 4 - subject - DELAYED_COST;
    for (const i of count(3)) send(API, i, size);
    receive(API, 3, size);
    send(API, 4);
    receive(OTHER, 4);
    expect(faulty.overflowed).toBe(2);
    await clock.advance(1000);
    expect([wire.sent, received]).toEqual([[0, 1, 2], [3]]);
    send(API, 5, size);
    await clock.advance(1000);
    expect(wire.sent).toEqual([0, 1, 2, 5]);
    expect(faulty.overflowed).toBe(2);
  });

  it('FLT-18: what waits is lost with the connection to the broker, and with the subscription that it waits for', async () => {
    const { set, send, receive, wire, received, clock, faulty, subscription } = setup();
    set(['*'], { delay: { ms: 100 } });
    send(API, 1);
    receive(API, 1);
    wire.connected(false);
    wire.connected(true);
    await clock.advance(200);
    expect([wire.sent, received]).toEqual([[], []]);
    send(API, 2);
    receive(API, 2);
    subscription.stop();
    await clock.advance(200);
    expect([wire.sent, received]).toEqual([[2], []]);
    send(API, 3);
    await faulty.close();
    expect(clock.pendingTimers).toBe(0);
    expect(wire.sent).toEqual([2]);
  });

  it('FLT-18: without faults there are no timers, and nothing is kept', () => {
    const { send, receive, wire, received, clock } = setup();
    send(API, 1);
    receive(API, 1);
    expect([wire.sent, received, clock.pendingTimers]).toEqual([[1], [1], 0]);
  });
});

describe('fault commands', () => {
  const fault = { id: 'f', peers: ['a'], direction: 'both', effect: { drop: 1 }, forMs: 1000 };

  it('FLT-2: what makes sense is taken, and nothing that is not asked for', () => {
    const effects: LinkEffect[] = [
      { drop: 0.5 },
      { duplicate: 1 },
      { bandwidth: 1 },
      { delay: { ms: 1 } },
      { delay: { ms: 0.5, jitterMs: 600_000 } },
    ];
    for (const effect of effects) {
      const command = { op: 'set', fault: { ...fault, effect } };
      expect(parseFaultCommand({ ...command, more: 1, fault: { ...command.fault, __proto: 1 } })).toEqual(command);
    }
    for (const command of [{ op: 'heal' }, { op: 'heal', ids: ['a'] }, { op: 'list' }, { op: 'kill' }, { op: 'thaw' }])
      expect(parseFaultCommand(command)).toEqual(command);
    expect(parseFaultCommand({ op: 'freeze', forMs: LONGEST_FAULT_MS })).toEqual({ op: 'freeze', forMs: 86_400_000 });
  });

  it.each<[unknown, string]>([
    [undefined, 'a command must be a map, not nothing'],
    [[], 'a command must be a map, not []'],
    [{ op: 'melt' }, 'op must be set, heal, list, kill, freeze or thaw, not "melt"'],
    [{ op: 'set' }, 'fault must be a map, not nothing'],
    [{ op: 'set', fault: { ...fault, id: '' } }, 'id must be text of 1 to 253 characters, not ""'],
    [{ op: 'set', fault: { ...fault, peers: 'a' } }, 'peers must be a list, not "a"'],
    [{ op: 'set', fault: { ...fault, peers: [] } }, 'peers must name from 1 to 1024, not 0'],
    [{ op: 'set', fault: { ...fault, peers: [7] } }, 'peers must be text of 1 to 253 characters, not 7'],
    [{ op: 'set', fault: { ...fault, direction: 'up' } }, 'direction must be both, in or out, not "up"'],
    [
      { op: 'set', fault: { ...fault, effect: {} } },
      'effect must hold exactly one of drop, delay, duplicate and bandwidth',
    ],
    [
      { op: 'set', fault: { ...fault, effect: { drop: 1, duplicate: 1 } } },
      'effect must hold exactly one of drop, delay, duplicate and bandwidth',
    ],
    [
      { op: 'set', fault: { ...fault, effect: { burn: 1 } } },
      'effect must be drop, delay, duplicate or bandwidth, not "burn"',
    ],
    [{ op: 'set', fault: { ...fault, effect: { drop: 0 } } }, 'drop must be a number above 0, at most 1, not 0'],
    [{ op: 'set', fault: { ...fault, effect: { drop: 1.1 } } }, 'drop must be a number above 0, at most 1, not 1.1'],
    [
      { op: 'set', fault: { ...fault, effect: { duplicate: Number.NaN } } },
      'duplicate must be a number above 0, at most 1, not NaN',
    ],
    [{ op: 'set', fault: { ...fault, effect: { delay: 5 } } }, 'delay must be a map, not 5'],
    [
      { op: 'set', fault: { ...fault, effect: { delay: { ms: 1e9 } } } },
      'delay.ms must be a number above 0, at most 600000, not 1000000000',
    ],
    [
      { op: 'set', fault: { ...fault, effect: { delay: { ms: 1, jitterMs: -1 } } } },
      'delay.jitterMs must be a number above 0, at most 600000, not -1',
    ],
    [
      { op: 'set', fault: { ...fault, forMs: Number.POSITIVE_INFINITY } },
      'forMs must be a number above 0, at most 86400000, not Infinity',
    ],
    [{ op: 'freeze' }, 'forMs must be a number above 0, at most 86400000, not nothing'],
    [{ op: 'heal', ids: [''] }, 'ids must be text of 1 to 253 characters, not ""'],
  ])('FLT-2: %j is invalid', (command, message) => {
    expect(() => parseFaultCommand(command)).toThrowError(expect.objectContaining({ code: 'invalid', message }));
  });
});
