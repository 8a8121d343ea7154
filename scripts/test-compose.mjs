#!/usr/bin/env node
// `npm run test:compose`: docker-compose.yml with a real engine and stock kubectl (test/compose/). Where no engine can run it
// says so in one line, and ends well. Arguments go to vitest.
//
// What it takes from the environment: DOCKER_HOST, REGATTA_COMPOSE (a command line; every Compose that is installed when left
// out), BASE_IMAGE and NATS_IMAGE (where left out and not to be pulled: images made of this machine's own programs).
import { spawnSync } from 'node:child_process';
import { findComposes, openEngine } from './lib/engine.mjs';
import { hasProgram, makeNatsImage, makeNodeImage } from './lib/local-images.mjs';
import { root } from './lib/setup.mjs';
import { binOf, prepareSuites, runProgram } from './lib/vitest.mjs';

const NODE_IMAGE = 'docker.io/library/node:24-slim';
const NATS_IMAGE = 'docker.io/library/nats:2.12';
const PULL_MS = 180_000;
const IMAGE = 'regatta-test:local';

const engine = await openEngine();
if (!engine) skip('no container engine answers here: start Docker, or run this as root with dockerd installed');
const made = [];
let status = 1;
try {
  status = await test();
} finally {
  for (const tag of made) docker(['image', 'rm', '--force', tag], 'ignore');
  await engine.close();
}
process.exit(status);

async function test() {
  const composes = findComposes(engine.env);
  if (composes.length === 0) return skipped('Compose is not installed: neither `docker compose` nor docker-compose');
  const base = process.env.BASE_IMAGE ?? imageFor(NODE_IMAGE, 'regatta-test-node:local', 'node', makeNodeImage);
  const nats = process.env.NATS_IMAGE ?? imageFor(NATS_IMAGE, 'regatta-test-nats:local', 'nats-server', makeNatsImage);
  if (!nats) return skipped(`${NATS_IMAGE} can't be pulled, and no nats-server is installed to take its place`);
  const env = { ...(await prepareSuites()), ...engine.env };
  made.push(IMAGE);
  const build = ['build', '--network=host', '--build-arg', `BASE_IMAGE=${base}`, '--tag', IMAGE, root];
  if (docker(build, 'inherit').status !== 0) return 1;
  return runProgram(binOf('vitest'), ['run', '--project', 'compose', '--reporter=verbose', ...process.argv.slice(2)], {
    ...env,
    REGATTA_COMPOSE_SUITE: '1',
    REGATTA_COMPOSES: JSON.stringify(composes),
    REGATTA_IMAGE: IMAGE,
    BASE_IMAGE: base,
    NATS_IMAGE: nats,
  });
}

/** The official image where the engine has it or gets it, else one of this machine's program. */
function imageFor(official, local, program, make) {
  if (docker(['image', 'inspect', official], 'ignore').status === 0) return official;
  if (docker(['pull', '--quiet', official], 'ignore', PULL_MS).status === 0) return official;
  if (process.platform !== 'linux' || !hasProgram(program)) return undefined;
  process.stderr.write(`${official} can't be pulled: making ${local} of this machine's ${program}\n`);
  made.push(local);
  make(engine.env, local);
  return local;
}

function docker(args, stdio, timeout) {
  return spawnSync('docker', args, { env: engine.env, stdio, timeout });
}

function skipped(reason) {
  console.log(`test:compose skipped: ${reason}`);
  return 0;
}

function skip(reason) {
  process.exit(skipped(reason));
}
