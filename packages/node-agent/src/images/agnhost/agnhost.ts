/**
 * registry.k8s.io/e2e-test-images/agnhost: the test program of upstream's suites, by subcommand
 * (upstream: test/images/agnhost). Subcommands that are not there say so as an unknown one does.
 */
import { fileNode, placeNode } from '../../runtime/filesystem/nodes.ts';
import type { ProcessContext, Program } from '../../runtime/process/process-context.ts';
import type { ImageProfile } from '../image-profile.ts';
import { DEFAULT_PATH } from '../image-profile.ts';
import { BUSYBOX, placePrograms, populateLinux } from '../linux-layout.ts';
import { pause } from '../pause/pause.ts';
import { LOCALHOST_CERTIFICATE, LOCALHOST_KEY } from './localhost-certificate.ts';

const VERSION = '2.57';

async function paused(process: ProcessContext): Promise<number> {
  process.write('stdout', 'Paused\n');
  return pause(process);
}

const small = () => import('./small-commands.ts');

const COMMANDS: ReadonlyMap<string, () => Promise<Program>> = new Map<string, () => Promise<Program>>([
  ['pause', async () => paused],
  ['netexec', async () => (await import('./netexec.ts')).netexec],
  ['serve-hostname', async () => (await import('./serve-hostname.ts')).serveHostname],
  ['test-webserver', async () => (await import('./serve-hostname.ts')).testWebserver],
  ['porter', async () => (await import('./serve-hostname.ts')).porter],
  ['mounttest', async () => (await import('./mounttest.ts')).mounttest],
  ['guestbook', async () => (await import('./guestbook.ts')).guestbook],
  ['liveness', async () => (await import('./liveness.ts')).liveness],
  ['grpc-health-checking', async () => (await import('./grpc-health-checking.ts')).grpcHealthChecking],
  ['webhook', async () => (await import('./webhook.ts')).webhook],
  ['crd-conversion-webhook', async () => (await import('./crd-conversion-webhook.ts')).crdConversionWebhook],
  ['test-service-account-issuer-discovery', async () => (await import('./issuer-discovery.ts')).testIssuerDiscovery],
  ['no-snat-test', async () => (await import('./no-snat-test.ts')).noSnatTest],
  ['connect', async () => (await small()).connect],
  ['dns-suffix', async () => (await small()).dnsSuffix],
  ['dns-server-list', async () => (await small()).dnsServerList],
  ['etc-hosts', async () => (await small()).etcHosts],
  ['entrypoint-tester', async () => (await small()).entrypointTester],
  ['logs-generator', async () => (await small()).logsGenerator],
  ['port-forward-tester', async () => (await small()).portForwardTester],
  ['tcp-reset', async () => (await small()).tcpReset],
  ['inclusterclient', async () => (await small()).inClusterClient],
]);

const agnhost: Program = async (process) => {
  const [, command = 'pause'] = process.argv;
  if (command === '--version') {
    process.write('stdout', `agnhost version ${VERSION}\n`);
    return 0;
  }
  const load = COMMANDS.get(command);
  if (load !== undefined) return (await load())(process);
  process.write('stderr', `Error: unknown command "${command}" for "app"\nRun 'app --help' for usage.\n`);
  return 1;
};

export const AGNHOST_IMAGE: ImageProfile = {
  repositories: ['e2e-test-images/agnhost'],
  tags: /^(latest|[12]\.\d+(\.\d+)?(-\w+)*)$/,
  sizeBytes: () => 51_105_200,
  entrypoint: ['/agnhost'],
  command: ['pause'],
  env: { PATH: DEFAULT_PATH },
  workingDir: '/',
  stopSignal: 'TERM',
  programs: { '/agnhost': agnhost, '/agnhost-2': agnhost },
  populate: (root, now) => {
    populateLinux(root, BUSYBOX, now);
    placeNode(root, '/localhost.crt', fileNode(LOCALHOST_CERTIFICATE, 0o644, now));
    placeNode(root, '/localhost.key', fileNode(LOCALHOST_KEY, 0o644, now));
    placePrograms(root, ['/agnhost', '/agnhost-2', '/bin/sh'], now);
  },
  hasShell: true,
  runsAnything: false,
};
