/**
 * A container's log over the bus (upstream: pkg/kubelet/server/server.go, getContainerLogs).
 */
import type { BusStream, LogsRequest } from '@regatta/bus';
import type { ClusterClock } from '@regatta/runtime';
import { parseTime } from '../api/timestamps.ts';
import type { NodeAgent } from '../node/node-agent.ts';
import { logContainerId, podOf } from './container-lookup.ts';
import { type LogOptions, readLog } from './log-stream.ts';

/** @throws NodeRequestError when there is no such log */
export async function serveLogs(
  agent: NodeAgent,
  clock: ClusterClock,
  request: LogsRequest,
  accept: () => Promise<BusStream>,
): Promise<void> {
  const id = logContainerId(podOf(agent, request), request);
  const log = agent.runtime.log(id);
  const stream = await accept();
  if (log === undefined) {
    await stream.write(Buffer.from(`unable to retrieve container logs for containerd://${id}`));
    return stream.end();
  }
  for await (const bytes of readLog(log, logOptions(request, clock), stream.signal)) await stream.write(bytes);
  await stream.end();
}

function logOptions(request: LogsRequest, clock: ClusterClock): LogOptions {
  const { timestamps, follow, stream, tailLines, limitBytes } = request;
  const since = sinceOf(request, clock);
  return {
    timestamps,
    follow,
    ...(stream === undefined ? {} : { stream }),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(since === undefined ? {} : { since }),
  };
}

/** Instants in logs are real, and so is the time that `--since` counts. */
function sinceOf({ sinceSeconds, sinceTime }: LogsRequest, clock: ClusterClock): number | undefined {
  return sinceSeconds === undefined ? parseTime(sinceTime) : clock.now() - sinceSeconds * 1000;
}
