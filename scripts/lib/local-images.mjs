// Container images made of this machine's own programs, for engines that can't pull: a program, the libraries it needs,
// and little else. Linux only. They stand in for node:…-slim and nats:… in tests; nobody should publish them.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** What `npm ci` and the Dockerfile call. */
const SHELL_TOOLS = ['sh', 'env', 'mkdir', 'chmod', 'chown', 'dirname', 'cat', 'ls', 'id', 'sleep', 'uname'];
/** How this machine reaches the npm registry, where that is not as everywhere. */
const NETWORK_FILES = ['/etc/ssl/certs/ca-certificates.crt', '/usr/etc/npmrc', '/etc/nsswitch.conf'];

/**
 * Node.js with npm and a shell, as the official slim image has.
 * `env`: the environment in which docker reaches its engine
 */
export function makeNodeImage(env, tag) {
  const npm = fs.realpathSync(path.join(execFileSync('npm', ['root', '-g'], { encoding: 'utf8' }).trim(), 'npm'));
  importTree(env, tag, ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], (tree) => {
    for (const name of SHELL_TOOLS) addProgram(tree, which(name), `/usr/bin/${name}`);
    addProgram(tree, process.execPath, '/usr/bin/node');
    fs.cpSync(npm, path.join(tree, 'usr/lib/node_modules/npm'), { recursive: true, dereference: true });
    fs.symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', path.join(tree, 'usr/bin/npm'));
    for (const file of NETWORK_FILES) addFile(tree, file);
    fs.symlinkSync('usr/bin', path.join(tree, 'bin'));
    fs.mkdirSync(path.join(tree, 'tmp'), { mode: 0o777 });
    fs.mkdirSync(path.join(tree, 'root'));
    fs.writeFileSync(path.join(tree, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  });
}

/** A nats-server and nothing else, as the official image. */
export function makeNatsImage(env, tag) {
  const changes = ['ENTRYPOINT ["/nats-server"]'];
  importTree(env, tag, [], (tree) => addProgram(tree, which('nats-server'), '/nats-server'), changes);
}

export function hasProgram(name) {
  return which(name) !== undefined;
}

function which(name) {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  return folders.map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file));
}

function importTree(env, tag, variables, fill, changes = []) {
  const tree = fs.mkdtempSync(path.join(os.tmpdir(), 'regatta-image-'));
  try {
    fill(tree);
    const flags = [...variables.map((entry) => `ENV ${entry}`), ...changes].flatMap((line) => ['--change', line]);
    const tar = execFileSync('tar', ['-C', tree, '-c', '.'], { maxBuffer: 1024 ** 3 });
    execFileSync('docker', ['import', ...flags, '-', tag], { env, input: tar, stdio: ['pipe', 'ignore', 'inherit'] });
  } finally {
    fs.rmSync(tree, { recursive: true, force: true });
  }
}

/** The program and every library that the loader would map for it. */
function addProgram(tree, from, to) {
  copy(fs.realpathSync(from), path.join(tree, to));
  for (const library of libraries(from)) addFile(tree, library);
}

function libraries(program) {
  let text;
  try {
    text = execFileSync('ldd', [program], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return []; // linked statically
  }
  return [...text.matchAll(/(?:=> |^\s*)(\/\S+)/gm)].map(([, file]) => file);
}

function addFile(tree, file) {
  if (fs.existsSync(file)) copy(fs.realpathSync(file), path.join(tree, file));
}

function copy(from, to) {
  fs.mkdirSync(path.dirname(to), { recursive: true });
  fs.copyFileSync(from, to);
  fs.chmodSync(to, fs.statSync(from).mode);
}
