/**
 * Read, change, write, and again when somebody else wrote in between (k8s.io/client-go/util/retry).
 */
import { isConflict, type KubeObject } from '@regatta/api';

const ATTEMPTS = 5;

/** @throws the last conflict after ATTEMPTS, and any other error at once */
export async function retryOnConflict<T extends KubeObject, R>(
  read: () => Promise<T>,
  write: (current: T) => Promise<R>,
  first?: T,
): Promise<R> {
  for (let attempt = 1; ; attempt++) {
    const current = attempt === 1 && first ? first : await read();
    try {
      return await write(current);
    } catch (error) {
      if (!isConflict(error) || attempt >= ATTEMPTS) throw error;
    }
  }
}
