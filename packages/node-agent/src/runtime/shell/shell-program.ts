/**
 * The programs that the interpreter runs: `sh`, single tools, and script files.
 */
import { decodeText } from '../filesystem/nodes.ts';
import type { ProcessContext } from '../process/process-context.ts';
import { Interpreter } from './interpreter.ts';

/** Bytes of standard input that are gathered for a script that reads it. */
const LONGEST_INPUT = 8 * 1024 * 1024;

/** `sh -c SCRIPT [NAME ARGS…]`, `sh FILE ARGS…`, or `sh` reading commands from its input. */
export async function runShell(process: ProcessContext): Promise<number> {
  await process.prepareFiles();
  const { script, file, args, setup } = readShellArguments(process.argv.slice(1));
  if (script !== undefined) return runScript(process, setup + positional(args.slice(1)) + script, true);
  if (file === undefined) return runCommandsFromInput(process, setup);
  const text = readScript(process, file);
  if (text === undefined) {
    process.write('stderr', `${process.argv[0]}: can't open '${file}': No such file or directory\n`);
    return 2;
  }
  return runScript(process, setup + positional(args) + text, true);
}

/** A tool by its name: `cat /etc/hosts`, `busybox wget …`. */
export async function runTool(process: ProcessContext): Promise<number> {
  await process.prepareFiles();
  const [name = '', ...rest] = process.argv;
  const base = name.split('/').at(-1) ?? name;
  const words = base === 'busybox' ? rest : [base, ...rest];
  return runScript(process, words.map(quoted).join(' '), true);
}

/** A file that starts with `#!`. */
export async function runScriptFile(process: ProcessContext): Promise<number> {
  await process.prepareFiles();
  const [name = '', ...args] = process.argv;
  return runScript(process, positional(args) + (readScript(process, name) ?? ''), true);
}

async function runScript(process: ProcessContext, script: string, withInput: boolean): Promise<number> {
  const interpreter = new Interpreter(process);
  const stdin = withInput && process.fds.get(0).terminal === undefined ? await gather(process.stdin) : undefined;
  const work = interpreter
    .run(script, stdin === undefined ? {} : { stdin })
    .then(({ exitCode }) => interpreter.end(exitCode));
  return Promise.race([work, interpreter.ended]);
}

/** Each line is run when it is complete; variables and the working directory live on. */
async function runCommandsFromInput(process: ProcessContext, setup: string): Promise<number> {
  const interpreter = new Interpreter(process);
  let exitCode = 0;
  let env: Readonly<Record<string, string>> = {};
  for await (const line of lines(process.stdin)) {
    if (/^\s*exit\b/.test(line)) return Number(/\d+/.exec(line)?.[0] ?? exitCode);
    const cwd = env['PWD'] ?? process.cwd;
    const result = await Promise.race([
      interpreter.run(setup + line, { env, cwd }),
      interpreter.ended.then((code) => ({ exitCode: code, env: undefined })),
    ]);
    exitCode = result.exitCode;
    if (result.env === undefined) return exitCode;
    env = result.env;
  }
  return interpreter.end(exitCode);
}

async function* lines(input: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = '';
  for await (const bytes of input) {
    rest += decodeText(bytes);
    const complete = rest.split(/\r\n|\r|\n/);
    rest = complete.pop() ?? '';
    yield* complete;
  }
  if (rest !== '') yield rest;
}

/** Everything that comes in, as a string of bytes. */
async function gather(input: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const bytes of input) {
    size += bytes.length;
    if (size > LONGEST_INPUT) break;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('latin1');
}

interface ShellArguments {
  readonly script?: string;
  readonly file?: string;
  readonly args: readonly string[];
  /** `set` commands for options such as -e and -x. */
  readonly setup: string;
}

function readShellArguments(argv: readonly string[]): ShellArguments {
  let setup = '';
  let isScript = false;
  let at = 0;
  for (; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (!/^[-+][a-zA-Z]/.test(word)) break;
    if (word.startsWith('-') && word.includes('c')) isScript = true;
    const options = word.slice(1).replace(/[cilsr]/g, '');
    if (options !== '') setup += `set ${word.charAt(0)}${options}; `;
  }
  const [first, ...args] = argv.slice(at);
  if (first === undefined) return { args: [], setup };
  return isScript ? { script: first, args, setup } : { file: first, args, setup };
}

function positional(args: readonly string[]): string {
  return args.length === 0 ? '' : `set -- ${args.map(quoted).join(' ')}; `;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function readScript(process: ProcessContext, path: string): string | undefined {
  const files = process.fileSystem();
  const absolute = path.startsWith('/') ? path : `${process.cwd}/${path}`;
  return files.exists(absolute) ? decodeText(files.readFile(absolute)).replace(/^#!.*\n/, '\n') : undefined;
}
