/**
 * ComponentStatus: an old view of the control plane's health (upstream: pkg/registry/core/componentstatus/rest.go).
 * Made when it is asked for, never stored.
 */
import { type KubeObject, statusErrors } from '@regatta/api';
import type { Resource } from '../../registry/resource.ts';
import type { ApiCall } from '../../server/api-call.ts';
import type { ServerResponse } from '../../server/exchange.ts';
import type { StoredObject } from '../../storage/object-storage.ts';
import type { HandlerEnvironment } from '../environment.ts';
import { LIST_VIEWS, negotiate, OBJECT_VIEWS } from '../negotiation.ts';
import { sendList, sendObject, whenEncodable } from '../respond.ts';

/** Tells whether a component is well: an empty text, or what is wrong. */
export type ComponentProbe = () => string;

export function componentStatuses(probes: ReadonlyMap<string, ComponentProbe>) {
  return (env: HandlerEnvironment, call: ApiCall, resource: Resource): ServerResponse | Promise<ServerResponse> => {
    const { query, name, verb } = call.info;
    if (verb === 'list') {
      const negotiated = negotiate(call.request, query, LIST_VIEWS);
      const items = [...probes].map(([component, probe]) => unstored(statusOf(component, probe())));
      return whenEncodable(negotiated, () =>
        sendList(resource, items, { resourceVersion: '' }, negotiated, env.tables),
      );
    }
    const negotiated = negotiate(call.request, query, OBJECT_VIEWS);
    const probe = probes.get(name);
    if (!probe) throw statusErrors.notFound(resource, name);
    return whenEncodable(negotiated, () =>
      sendObject(resource, { object: statusOf(name, probe()) }, negotiated, 200, env.tables),
    );
  };
}

function statusOf(name: string, problem: string): KubeObject {
  const healthy = problem === '';
  const condition = { type: 'Healthy', status: healthy ? 'True' : 'False', message: healthy ? 'ok' : problem };
  return { kind: 'ComponentStatus', apiVersion: 'v1', metadata: { name }, conditions: [condition] } as KubeObject;
}

/** What lists take, for an object that storage does not know. */
function unstored(object: KubeObject): StoredObject {
  return { key: '', object, revision: 0, bytes: () => Buffer.from(JSON.stringify(object)) };
}
