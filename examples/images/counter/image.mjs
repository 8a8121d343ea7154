// An image as a module: its program is JavaScript and runs inside the node-agent, trusted like it.
// This one counts its visitors on port 7000 and keeps the count in /data, where a volume may be.

/** @param process the emulated process: see packages/node-agent/src/runtime/process/process-context.ts */
async function counter(process) {
  const files = process.fileSystem();
  let count = files.exists('/data/count') ? Number(Buffer.from(files.readFile('/data/count')).toString()) : 0;
  const stop = process.network.listen(process.ip, 7000, (connection) => {
    count += 1;
    files.writeFile('/data/count', Buffer.from(String(count)));
    process.write('stdout', `visitor ${count}\n`);
    connection.end(`you are visitor ${count}\n`);
  });
  process.write('stdout', 'counting on port 7000\n');
  const code = await new Promise((resolve) => {
    process.onSignal('TERM', () => resolve(0));
    process.killed.addEventListener('abort', () => resolve(137));
  });
  stop();
  return code;
}

export default {
  repositories: ['example/counter'],
  tags: ['latest', 'v1'],
  size: 3_000_000,
  command: ['/counter'],
  programs: { '/counter': counter },
  directories: ['/data'],
};
