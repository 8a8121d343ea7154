/**
 * Whether this machine's runtime can run Pods of a RuntimeClass (upstream: pkg/kubelet/runtimeclass/runtimeclass_manager.go;
 * containerd's words for a handler that it doesn't have).
 */
import { isNotFound, type Pod, type RuntimeClass } from '@regatta/api';
import type { ObjectGetter } from '../api/ports.ts';
import { RuntimeError } from '../runtime/container-runtime.ts';

/** What containerd has without being told of others. */
const HANDLERS: ReadonlySet<string> = new Set(['', 'runc']);

/** @throws RuntimeError `sandbox` with what is wrong */
export async function checkRuntimeClass(pod: Pod, classes: ObjectGetter<RuntimeClass>): Promise<void> {
  const name = pod.spec.runtimeClassName;
  if (!name) return;
  const { handler } = await find(classes, name);
  if (HANDLERS.has(handler)) return;
  const why = `no runtime for ${JSON.stringify(handler)} is configured`;
  throw new RuntimeError('sandbox', `rpc error: code = Unknown desc = failed to get sandbox runtime: ${why}`);
}

async function find(classes: ObjectGetter<RuntimeClass>, name: string): Promise<RuntimeClass> {
  try {
    return await classes.get(name);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const text = `runtimeclasses.node.k8s.io ${JSON.stringify(name)} not found`;
    throw new RuntimeError('sandbox', `failed to get RuntimeClass ${name}: ${text}`, { cause: error });
  }
}
