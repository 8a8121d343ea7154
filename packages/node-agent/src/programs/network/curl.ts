/**
 * curl (upstream: curl src/tool_operate.c, docs/libcurl/libcurl-errors.md): its options as scripts use them, its
 * messages and exit codes. Bodies are written as they come.
 */
import { sleep } from '@regatta/runtime';
import { FileError } from '../../runtime/filesystem/file-error.ts';
import { type CommandLine, UsageError } from '../support/command-line.ts';
import { type CurlFailure, curlFailure } from './curl-failure.ts';
import { CURL_VERSION, parseCurl } from './curl-options.ts';
import { CurlTransfer } from './curl-transfer.ts';
import type { NetworkProcess } from './network-process.ts';

const MOST_RETRIES = 100;
const FIRST_RETRY_DELAY_MS = 1000;
const LONGEST_RETRY_DELAY_MS = 600_000;
const RETRIED_STATUS: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

export async function curl(process: NetworkProcess): Promise<number> {
  let line: CommandLine;
  try {
    line = parseCurl(process.argv.slice(1));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const dashes = error.option.length > 1 ? '--' : '-';
    await process.printError(`curl: option ${dashes}${error.option}: ${shortReason(error)}\n${TRY_HELP}`);
    return 2;
  }
  if (line.has('V')) {
    await process.print(`curl ${CURL_VERSION} (x86_64-pc-linux-gnu) libcurl/${CURL_VERSION} OpenSSL/3.5.0\n`);
    return 0;
  }
  const targets = [...line.operands, ...line.values('url')];
  if (targets.length === 0) {
    await process.printError(`curl: (2) no URL specified\n${TRY_HELP}`);
    return 2;
  }
  let code = 0;
  for (const [index, target] of targets.entries()) code = await transferWithRetries(process, line, target, index);
  return code;
}

const TRY_HELP = "curl: try 'curl --help' or 'curl --manual' for more information\n";

function shortReason({ message }: UsageError): string {
  return message.includes('argument') ? 'requires parameter' : 'is unknown';
}

async function transferWithRetries(
  process: NetworkProcess,
  line: CommandLine,
  target: string,
  index: number,
): Promise<number> {
  const retries = Math.min(Number(line.value('retry') ?? 0), MOST_RETRIES);
  let delay = FIRST_RETRY_DELAY_MS;
  for (let attempt = 0; ; attempt++) {
    const transfer = new CurlTransfer(process, line, target, index);
    const failure = await attemptOnce(transfer);
    const isTransient = transfer.status !== 0 ? RETRIED_STATUS.has(transfer.status) : mayRetry(line, failure);
    if (attempt < retries && isTransient && !process.killed.aborted) {
      await tellRetry(process, line, failure, transfer.status, retries - attempt, delay);
      const wait = Number(line.value('retry-delay') ?? 0) * 1000 || delay;
      await sleep(process.clock.real, wait, process.killed).catch(() => {});
      delay = Math.min(delay * 2, LONGEST_RETRY_DELAY_MS);
      continue;
    }
    if (failure !== undefined) await tell(process, line, `curl: (${failure.code}) ${failure.message}\n`);
    await transfer.writeOut(failure);
    return failure?.code ?? 0;
  }
}

async function attemptOnce(transfer: CurlTransfer): Promise<CurlFailure | undefined> {
  try {
    return await transfer.run();
  } catch (error) {
    if (error instanceof FileError) return { code: 23, message: 'Failure writing output to destination' };
    return curlFailure(error, transfer);
  }
}

function mayRetry(line: CommandLine, failure: CurlFailure | undefined): boolean {
  if (failure === undefined) return false;
  if (line.has('retry-all-errors')) return true;
  return failure.code === 28 || failure.code === 6 || (failure.code === 7 && line.has('retry-connrefused'));
}

async function tellRetry(
  process: NetworkProcess,
  line: CommandLine,
  failure: CurlFailure | undefined,
  status: number,
  left: number,
  delay: number,
): Promise<void> {
  const what =
    failure === undefined || status !== 0 ? `HTTP error` : failure.code === 28 ? 'timeout' : 'connection refused';
  const seconds = Number(line.value('retry-delay') ?? 0) || delay / 1000;
  const plural = (count: number, word: string): string => `${count} ${count === 1 ? word.replace(/s$/, '') : word}`;
  const text = `Problem: ${what}. Will retry in ${plural(seconds, 'seconds')}. ${left} ${left === 1 ? 'retry' : 'retries'} left.`;
  await tell(process, line, `Warning: ${text}\n`);
}

async function tell(process: NetworkProcess, line: CommandLine, text: string): Promise<void> {
  if (!line.has('s') || line.has('S')) await process.printError(text);
}
