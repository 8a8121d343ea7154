/**
 * Faults as Events of the Nodes that they were done to, so that `kubectl describe node` tells everybody.
 */
import type { Event } from '@regatta/api';
import type { FaultReport } from '@regatta/bus';
import { formatTime } from '@regatta/client';
import { fillSystemFields } from '../registry/object-metadata.ts';
import type { ServerContext } from '../server/context.ts';
import { storageKey } from '../storage/object-storage.ts';

const COMPONENT = 'regatta';
/** Where upstream keeps Events of objects without a namespace. */
const NAMESPACE = 'default';

/** @param by the user who asked for it */
export async function recordFault(server: ServerContext, report: FaultReport, by: string): Promise<void> {
  await Promise.all(report.nodes.map((node) => writeEvent(server, node, report, by)));
}

async function writeEvent(
  { storage, clock, random }: ServerContext,
  node: string,
  { message, reason, until }: FaultReport,
  by: string,
): Promise<void> {
  const at = formatTime(clock.now());
  const end = until === undefined ? '' : ` (until ${new Date(until).toISOString()})`;
  const event: Event = {
    kind: 'Event',
    apiVersion: 'v1',
    metadata: { name: `${node}.${random.uuid()}`, namespace: NAMESPACE },
    // As the kubelet does, whose events `kubectl describe node` looks for: the name stands for the UID.
    involvedObject: { kind: 'Node', apiVersion: 'v1', name: node, uid: node },
    reason,
    message: `${message}, by ${by}${end}`,
    type: reason === 'FaultInjected' ? 'Warning' : 'Normal',
    source: { component: COMPONENT },
    reportingComponent: COMPONENT,
    reportingInstance: '',
    firstTimestamp: at,
    lastTimestamp: at,
    count: 1,
  };
  fillSystemFields(event, clock.now(), random);
  await storage.create(storageKey('', 'events', NAMESPACE, event.metadata.name), event);
}
