/**
 * Probes of running containers and what they say (upstream: pkg/kubelet/prober).
 *
 * Invariants: a container instance has at most one worker per kind; the startup probe holds back the other two until it
 * succeeds; a verdict is undefined (readiness: not ready) until the thresholds are reached.
 */
import type { Container, Pod, Probe } from '@regatta/api';
import type { ClusterClock, Random } from '@regatta/runtime';
import type { EventSink } from '../api/ports.ts';
import type { Prober } from '../handlers/prober.ts';
import type { ProbeVerdicts } from '../pods/pod-actions.ts';
import { uidOf } from '../pods/pod-names.ts';
import type { ContainerRecord } from '../runtime/container-runtime.ts';
import { type ProbeKind, ProbeWorker } from './probe-worker.ts';

export interface ProbeManagerOptions {
  readonly clock: ClusterClock;
  readonly random: Random;
  readonly prober: Prober;
  readonly events: EventSink;
  podIp(uid: string): string;
  /** A verdict changed. */
  onVerdict(podUid: string): void;
}

interface Probed {
  readonly podUid: string;
  readonly workers: Map<ProbeKind, ProbeWorker>;
}

const KINDS = ['startup', 'liveness', 'readiness'] as const;
const NO_VERDICTS: ProbeVerdicts = {};

export class ProbeManager {
  readonly #probed = new Map<string, Probed>();

  constructor(private readonly options: ProbeManagerOptions) {}

  verdicts(containerId: string): ProbeVerdicts {
    const probed = this.#probed.get(containerId);
    if (probed === undefined) return NO_VERDICTS;
    const verdicts: { -readonly [K in ProbeKind]?: boolean } = {};
    for (const [kind, { verdict }] of probed.workers) if (verdict !== undefined) verdicts[kind] = verdict;
    return verdicts;
  }

  /** Starts workers for containers that run and have probes; ends those of containers that don't run any more. */
  follow(pod: Pod, records: readonly ContainerRecord[]): void {
    for (const record of records) {
      if (record.state !== 'running') this.#end(record.id);
      else if (!this.#probed.has(record.id)) this.#begin(pod, record);
    }
  }

  /** A Pod that is on its way out is not restarted; its readiness is still of interest. */
  stopRestarting(podUid: string): void {
    for (const { workers } of this.#of(podUid)) {
      for (const kind of ['liveness', 'startup'] as const) workers.get(kind)?.stop();
    }
  }

  forget(podUid: string): void {
    for (const [id, probed] of this.#probed) if (probed.podUid === podUid) this.#end(id);
  }

  close(): void {
    for (const id of [...this.#probed.keys()]) this.#end(id);
  }

  #of(podUid: string): Probed[] {
    return [...this.#probed.values()].filter((probed) => probed.podUid === podUid);
  }

  #begin(pod: Pod, record: ContainerRecord): void {
    const container = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find(
      ({ name }) => name === record.name,
    );
    const probes = container && probesOf(container);
    if (container === undefined || probes === undefined || probes.length === 0) return;
    const workers = new Map<ProbeKind, ProbeWorker>();
    this.#probed.set(record.id, { podUid: uidOf(pod), workers });
    for (const [kind, probe] of probes) workers.set(kind, this.#worker(pod, container, record, kind, probe, workers));
    for (const worker of workers.values()) worker.start();
  }

  #worker(
    pod: Pod,
    container: Container,
    record: ContainerRecord,
    kind: ProbeKind,
    probe: Probe,
    workers: ReadonlyMap<ProbeKind, ProbeWorker>,
  ): ProbeWorker {
    const { podIp, onVerdict, ...services } = this.options;
    return new ProbeWorker({
      ...services,
      kind,
      probe,
      startedAt: record.startedAt ?? record.createdAt,
      target: () => ({ pod, container, containerId: record.id, podIp: podIp(uidOf(pod)) }),
      mayRun: () =>
        kind === 'startup' ||
        (workers.get('startup')?.verdict !== false &&
          (!workers.has('startup') || workers.get('startup')?.verdict === true)),
      onVerdict: () => onVerdict(uidOf(pod)),
    });
  }

  #end(containerId: string): void {
    const probed = this.#probed.get(containerId);
    if (probed === undefined) return;
    for (const worker of probed.workers.values()) worker.stop();
    this.#probed.delete(containerId);
  }
}

function probesOf(container: Container): [ProbeKind, Probe][] {
  const byKind = {
    startup: container.startupProbe,
    liveness: container.livenessProbe,
    readiness: container.readinessProbe,
  };
  return KINDS.flatMap((kind): [ProbeKind, Probe][] => {
    const probe = byKind[kind];
    return probe === undefined ? [] : [[kind, probe]];
  });
}
