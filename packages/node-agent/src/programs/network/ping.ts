/**
 * ping and traceroute (busybox networking/ping.c, traceroute.c) on the emulated network. Echoes are answered by the
 * addresses of Pods and machines; a Service's address answers none, as with kube-proxy's iptables.
 */
import { sleep } from '@regatta/runtime';
import { NetworkError } from '../../network/network-error.ts';
import { type CommandLine, parseCommandLine, UsageError } from '../support/command-line.ts';
import type { NetworkProcess } from './network-process.ts';

const INTERVAL_MS = 1000;
const DEFAULT_WAIT_MS = 10_000;
const DEFAULT_SIZE = 56;
const HEADERS = 8;

export async function ping(process: NetworkProcess): Promise<number> {
  const line = await read(process, '4qAc:s:t:w:W:i:I:');
  const [target] = line?.operands ?? [];
  if (line === undefined || target === undefined) return 1;
  const ip = await resolved(process, 'ping', target);
  if (ip === undefined) return 1;
  const size = Number(line.value('s') ?? DEFAULT_SIZE);
  await process.print(`PING ${target} (${ip}): ${size} data bytes\n`);
  return new Pinger(process, line, target, ip, size).run();
}

class Pinger {
  readonly #times: number[] = [];
  #sent = 0;
  #isOver = false;

  constructor(
    private readonly process: NetworkProcess,
    private readonly line: CommandLine,
    private readonly target: string,
    private readonly ip: string,
    private readonly size: number,
  ) {}

  async run(): Promise<number> {
    const { process, line } = this;
    const count = Number(line.value('c') ?? Number.POSITIVE_INFINITY);
    const limit = line.value('w');
    const interval = Number(line.value('i') ?? INTERVAL_MS / 1000) * 1000;
    const interrupted = new AbortController();
    process.onSignal('INT', () => interrupted.abort());
    const { real } = process.clock;
    const startedAt = real.monotonic();
    while (!this.#isOver && this.#sent < count && !interrupted.signal.aborted && !process.killed.aborted) {
      await this.#echo();
      this.#isOver = limit !== undefined && real.monotonic() - startedAt >= Number(limit) * 1000;
      if (this.#isOver || this.#sent >= count) break;
      await sleep(real, interval, AbortSignal.any([interrupted.signal, process.killed])).catch(() => {});
    }
    if (this.#times.length === 0 && this.#sent >= count) await this.#wait();
    await this.#summary();
    return this.#times.length > 0 ? 0 : 1;
  }

  async #echo(): Promise<void> {
    const { process, ip } = this;
    const { real } = process.clock;
    const startedAt = real.monotonic();
    const seq = this.#sent++;
    const hops = await process.network.echo(process.ip, ip);
    if (hops === undefined) return;
    const took = real.monotonic() - startedAt;
    this.#times.push(took);
    if (this.line.has('q')) return;
    await process.print(
      `${this.size + HEADERS} bytes from ${ip}: seq=${seq} ttl=${64 - hops} time=${took.toFixed(3)} ms\n`,
    );
  }

  /** For answers that don't come. */
  async #wait(): Promise<void> {
    const seconds = this.line.value('W') ?? this.line.value('w');
    const wait = seconds === undefined ? DEFAULT_WAIT_MS : Number(seconds) * 1000;
    await sleep(this.process.clock.real, wait, this.process.killed).catch(() => {});
  }

  async #summary(): Promise<void> {
    const received = this.#times.length;
    const loss = this.#sent === 0 ? 0 : Math.floor(((this.#sent - received) * 100) / this.#sent);
    const counts = `${this.#sent} packets transmitted, ${received} packets received, ${loss}% packet loss\n`;
    const sum = this.#times.reduce((total, time) => total + time, 0);
    const figures = [Math.min(...this.#times), sum / received, Math.max(...this.#times)];
    const round = received === 0 ? '' : `round-trip min/avg/max = ${figures.map((ms) => ms.toFixed(3)).join('/')} ms\n`;
    await this.process.print(`\n--- ${this.target} ping statistics ---\n${counts}${round}`);
  }
}

async function read(process: NetworkProcess, short: string): Promise<CommandLine | undefined> {
  const name = process.argv[0] ?? '';
  try {
    const line = parseCommandLine(process.argv.slice(1), { short });
    if (line.operands.length > 0) return line;
    await process.printError(`Usage: ${name} [OPTIONS] HOST\n`);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    await process.printError(`${name}: ${error.message}\n`);
  }
  return undefined;
}

async function resolved(process: NetworkProcess, name: string, host: string): Promise<string | undefined> {
  try {
    return (await process.resolver.lookup(host, process.killed))[0];
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    await process.printError(`${name}: bad address '${host}'\n`);
    return undefined;
  }
}

const MOST_HOPS = 30;

export async function traceroute(process: NetworkProcess): Promise<number> {
  const line = await read(process, '46FIlnrvm:q:w:');
  const [target] = line?.operands ?? [];
  if (line === undefined || target === undefined) return 1;
  const ip = await resolved(process, 'traceroute', target);
  if (ip === undefined) return 1;
  await process.print(`traceroute to ${target} (${ip}), ${MOST_HOPS} hops max, 46 byte packets\n`);
  const { network } = process;
  const hops = await network.echo(process.ip, ip);
  const path = hops === undefined ? ['*'] : hops === 0 ? [ip] : [network.gateway, `${ip.replace(/\d+$/, '0')}`, ip];
  for (const [i, hop] of path.entries()) {
    await process.print(
      `${String(i + 1).padStart(2)}  ${hop === '*' ? '*  *  *' : `${hop} (${hop})  0.010 ms  0.006 ms  0.005 ms`}\n`,
    );
  }
  return 0;
}
