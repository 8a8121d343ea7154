import type { Pod } from '@regatta/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_ACCOUNT_WAIT_MS, ServiceAccountPlugin } from '../../src/admission/plugins/service-account.ts';
import { SERVICE_ACCOUNTS } from '../../src/auth/resource-refs.ts';
import { cleanUp, openServer, put, type TestServer } from '../auth/fixture.ts';
import { attributesOf, run } from './fixture.ts';

const PATH = '/var/run/secrets/kubernetes.io/serviceaccount';

function pod(spec: Partial<Pod['spec']> = {}): Pod {
  return { metadata: { name: 'p', namespace: 'a' }, spec: { containers: [{ name: 'c' }], ...spec } };
}

describe('ServiceAccount', () => {
  let server: TestServer;
  let plugin: ServiceAccountPlugin;
  const create = (object: Pod): Promise<void> => run(plugin, { what: 'CREATE pods', namespace: 'a', object });
  const account = (name: string, more: object = {}): Promise<unknown> =>
    put(server, SERVICE_ACCOUNTS, { metadata: { namespace: 'a', name }, ...more });

  beforeEach(async () => {
    server = await openServer();
    plugin = new ServiceAccountPlugin(server);
  });
  afterEach(cleanUp);

  it('ADM-3: a Pod gets the default account and its token', async () => {
    await account('default');
    const object = pod({ initContainers: [{ name: 'i' }] });
    await create(object);
    const name = object.spec.volumes?.[0]?.name ?? '';
    expect(name).toMatch(/^kube-api-access-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    const mount = { name, readOnly: true, mountPath: PATH };
    expect(object.spec).toEqual({
      serviceAccountName: 'default',
      serviceAccount: 'default',
      initContainers: [{ name: 'i', volumeMounts: [mount] }],
      containers: [{ name: 'c', volumeMounts: [mount] }],
      volumes: [
        {
          name,
          projected: {
            sources: [
              { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
              { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
              {
                downwardAPI: {
                  items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
                },
              },
            ],
            defaultMode: 420,
          },
        },
      ],
    });
  });

  it('ADM-3: what is mounted there already stays, and no volume is added for nothing', async () => {
    await account('default');
    const own = { name: 'own', mountPath: PATH };
    const object = pod({ containers: [{ name: 'c', volumeMounts: [own] }], volumes: [{ name: 'own', emptyDir: {} }] });
    await create(object);
    expect(object.spec.containers[0]?.volumeMounts).toEqual([own]);
    expect(object.spec.volumes).toHaveLength(1);
  });

  it('ADM-3: Pod and account may refuse the token, the Pod has the last word', async () => {
    await account('shy', { automountServiceAccountToken: false });
    await account('default');
    const results = [
      pod({ serviceAccountName: 'shy' }),
      pod({ serviceAccountName: 'shy', automountServiceAccountToken: true }),
      pod({ automountServiceAccountToken: false }),
    ];
    for (const object of results) await create(object);
    expect(results.map((object) => object.spec.volumes?.length ?? 0)).toEqual([0, 1, 0]);
  });

  it("ADM-3: the account's pull secrets are the Pod's, unless it has its own", async () => {
    await account('default', { imagePullSecrets: [{ name: 'pull' }] });
    const [without, having] = [pod(), pod({ imagePullSecrets: [{ name: 'own' }] })];
    await create(without);
    await create(having);
    expect(without.spec.imagePullSecrets).toEqual([{ name: 'pull' }]);
    expect(having.spec.imagePullSecrets).toEqual([{ name: 'own' }]);
  });

  it('ADM-3: a missing account is refused at once', async () => {
    await expect(create(pod({ serviceAccountName: 'missing' }))).rejects.toThrow(
      'pods "p" is forbidden: error looking up service account a/missing: serviceaccount "missing" not found',
    );
  });

  it('ADM-4: the default account is waited for a little', async () => {
    const object = pod();
    const waiting = create(object);
    await account('other');
    await account('default');
    await waiting;
    expect(object.spec.volumes).toHaveLength(1);

    const { storage } = server;
    const elsewhere = run(plugin, { what: 'CREATE pods', namespace: 'b', object: pod() });
    const refused = expect(elsewhere).rejects.toThrow(
      'error looking up service account b/default: serviceaccount "default" not found',
    );
    await server.fakeClock.advance(DEFAULT_ACCOUNT_WAIT_MS);
    await refused;
    expect(storage.currentRevision).toBeGreaterThan(0);
  });

  it('ADM-1: nothing waits when the account is there', async () => {
    await account('default');
    expect(plugin.admit(attributesOf({ what: 'CREATE pods', namespace: 'a', object: pod() }))).toBeUndefined();
  });

  it('ADM-3: a mirror Pod stays as it is and may refer to nothing', async () => {
    const mirror = (spec: Partial<Pod['spec']>): Pod => {
      const object = pod(spec);
      object.metadata.annotations = { 'kubernetes.io/config.mirror': 'x' };
      return object;
    };
    const plain = mirror({});
    await create(plain);
    expect(plain.spec).toEqual({ containers: [{ name: 'c' }] });
    await expect(create(mirror({ serviceAccountName: 'default' }))).rejects.toThrow(
      'a mirror pod may not reference service accounts',
    );
    await expect(create(mirror({ volumes: [{ name: 'v', secret: { secretName: 's' } }] }))).rejects.toThrow(
      'a mirror pod may not reference secrets',
    );
  });

  it('ADM-3: an account may limit its Pods to the Secrets that it lists', async () => {
    const annotations = { 'kubernetes.io/enforce-mountable-secrets': 'true' };
    await put(server, SERVICE_ACCOUNTS, {
      metadata: { namespace: 'a', name: 'strict', annotations },
      secrets: [{ name: 'known' }],
    });
    const using = (secretName: string): Pod =>
      pod({ serviceAccountName: 'strict', volumes: [{ name: 'v', secret: { secretName } }] });
    await create(using('known'));
    await expect(create(using('other'))).rejects.toThrow(
      'volume with secret.secretName="other" is not allowed because service account strict does not reference that secret',
    );
  });
});
