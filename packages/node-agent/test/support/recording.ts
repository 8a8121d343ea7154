/**
 * What the API saw of a Pod, as text that a person can read: one line a change of its status, then its events.
 */
import type { ContainerState, ContainerStatus, KubeObject, Pod } from '@regatta/api';
import type { TestNode } from './test-node.ts';

export class Recording {
  readonly #lines: string[] = [];
  readonly #start: number;
  #last = '';

  constructor(
    private readonly node: TestNode,
    private readonly name: string,
  ) {
    this.#start = node.real.now();
    node.transport.store.onChange(({ type, collection, object }) => {
      if (collection !== '/pods' || object.metadata.name !== name) return;
      this.#add(type === 'DELETED' ? 'deleted from the API' : summary(object));
    });
  }

  note(text: string): void {
    this.#lines.push(`${this.#time()} -- ${text}`);
  }

  async text(): Promise<string> {
    const events = await this.node.events(this.name);
    return [...this.#lines, '', 'events:', ...events.map((event) => `  ${event}`), '']
      .join('\n')
      .replaceAll(UIDS, '<uid>');
  }

  #add(text: string): void {
    if (text === this.#last) return;
    this.#last = text;
    this.#lines.push(`${this.#time()} ${text}`);
  }

  #time(): string {
    return `${((this.node.real.now() - this.#start) / 1000).toFixed(2).padStart(8)}s`;
  }
}

const UIDS = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}/g;

function summary(object: KubeObject): string {
  const { status = {}, metadata } = object as Pod;
  const conditions = (status.conditions ?? []).map(({ type, status: value, reason }) => {
    const short = type.replace('PodReadyToStartContainers', 'Sandbox').replace('PodScheduled', 'Scheduled');
    return `${value === 'True' ? '+' : '-'}${short}${reason ? `(${reason})` : ''}`;
  });
  const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].map(containerText);
  return [
    status.phase,
    status.reason && `reason=${status.reason}`,
    status.message && `message="${status.message}"`,
    status.podIP && `ip=${status.podIP}`,
    metadata.deletionTimestamp && 'deleting',
    ...conditions,
    ...containers.map((text) => `\n            ${text}`),
  ]
    .filter(Boolean)
    .join(' ');
}

function containerText({ name, state, lastState, ready, started, restartCount }: ContainerStatus): string {
  const last = lastState && Object.keys(lastState).length > 0 ? ` last: ${stateText(lastState)}` : '';
  return `${name}: ${stateText(state)}${ready ? ' ready' : ''}${started ? ' started' : ''} restarts=${restartCount}${last}`;
}

function stateText(state: ContainerState | undefined): string {
  if (state?.running) return 'running';
  if (state?.waiting)
    return `waiting ${state.waiting.reason}${state.waiting.message ? ` "${state.waiting.message}"` : ''}`;
  if (!state?.terminated) return 'nothing';
  const { exitCode, reason, message } = state.terminated;
  return `exited ${exitCode} ${reason}${message ? ` "${message.trim()}"` : ''}`;
}
