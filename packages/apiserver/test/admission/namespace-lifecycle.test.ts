import { StatusError } from '@regatta/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NamespaceLifecycle } from '../../src/admission/plugins/namespace-lifecycle.ts';
import { NAMESPACES } from '../../src/auth/resource-refs.ts';
import { cleanUp, openServer, put, type TestServer } from '../auth/fixture.ts';
import { run } from './fixture.ts';

const MAP = { metadata: { name: 'm' } };

describe('NamespaceLifecycle', () => {
  let server: TestServer;
  let plugin: NamespaceLifecycle;

  beforeEach(async () => {
    server = await openServer();
    plugin = new NamespaceLifecycle(server);
    await put(server, NAMESPACES, { metadata: { name: 'a' }, spec: {}, status: { phase: 'Active' } });
    await put(server, NAMESPACES, { metadata: { name: 'going' }, spec: {}, status: { phase: 'Terminating' } });
  });
  afterEach(cleanUp);

  it('ADM-2: writes go into namespaces that are there', async () => {
    await run(plugin, { what: 'CREATE configmaps', namespace: 'a', object: MAP });
    await run(plugin, { what: 'UPDATE configmaps', namespace: 'going', object: MAP });
    await run(plugin, { what: 'DELETE configmaps', namespace: 'none', name: 'm' });
    await run(plugin, { what: 'CREATE nodes', object: { metadata: { name: 'n' } } });
    for (const what of ['CREATE configmaps', 'UPDATE configmaps']) {
      await expect(run(plugin, { what, namespace: 'none', object: MAP })).rejects.toMatchObject({
        status: { message: 'namespaces "none" not found', code: 404, details: { name: 'none', kind: 'namespaces' } },
      });
    }
  });

  it('ADM-2: nothing new comes into a namespace that is going', async () => {
    const error = await run(plugin, { what: 'CREATE configmaps', namespace: 'going', object: MAP }).catch((e) => e);
    expect(error).toBeInstanceOf(StatusError);
    expect(error.status).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message:
        'configmaps "m" is forbidden: unable to create new content in namespace going because it is being terminated',
      reason: 'Forbidden',
      details: {
        name: 'm',
        kind: 'configmaps',
        causes: [
          {
            reason: 'NamespaceTerminating',
            message: 'namespace going is being terminated',
            field: 'metadata.namespace',
          },
        ],
      },
      code: 403,
    });
  });

  it.each(['default', 'kube-system', 'kube-public'])('ADM-2: %s cannot be deleted', async (name) => {
    await expect(run(plugin, { what: 'DELETE namespaces', namespace: name, name })).rejects.toThrow(
      `namespaces "${name}" is forbidden: this namespace may not be deleted`,
    );
  });

  it('ADM-2: other namespaces can, and reviews tell nothing', async () => {
    await run(plugin, { what: 'DELETE namespaces', namespace: 'a', name: 'a' });
    await run(plugin, {
      what: 'CREATE localsubjectaccessreviews.authorization.k8s.io',
      namespace: 'none',
      object: MAP,
    });
  });
});
