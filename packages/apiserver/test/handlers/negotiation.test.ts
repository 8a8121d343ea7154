import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareNamespace, type RunningServer, runServer } from '../running-server.ts';

const MAPS = '/api/v1/namespaces/n/configmaps';
const OBJECT_TYPES = 'application/json, application/yaml, application/vnd.kubernetes.protobuf';
const STREAM_TYPES = 'application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch';
const NO_SUCH = '406: Not Acceptable\n\nAvailable representations: ';
const ONLY = 'only the following media types are accepted: ';
const META = 'v=v1;g=meta.k8s.io';

let running: RunningServer;
beforeAll(async () => {
  running = await runServer();
  await prepareNamespace(running, 'n');
  await running.request('POST', MAPS, { body: { metadata: { name: 'a' } } });
});
afterAll(() => running.stop());

async function kindOf(path: string, accept: string): Promise<unknown> {
  const { code, text } = await running.request('GET', path, { accept });
  const { kind, message, details } = JSON.parse(text) as Record<string, unknown>;
  return kind === 'Status' ? { code, message, details } : kind;
}

describe('SRV-18: which form is given', () => {
  it('a path that has none of the types says which it has; a list has those of watches too', async () => {
    expect(await kindOf(`${MAPS}/a`, 'text/html')).toEqual({ code: 406, message: NO_SUCH + OBJECT_TYPES, details: {} });
    expect(await kindOf(MAPS, 'application/cbor')).toEqual({
      code: 406,
      message: `${NO_SUCH}${OBJECT_TYPES}, ${STREAM_TYPES}`,
      details: {},
    });
    expect(await kindOf(MAPS, 'application/*')).toMatchObject({ code: 406 });
  });

  it('a type with parameters that mean nothing is passed over, and refused when there is no other', async () => {
    const refusal = { code: 406, message: ONLY + OBJECT_TYPES, details: undefined };
    for (const parameters of [
      `as=Foo;${META}`,
      'as=Table',
      'v=v1',
      'as=Table;v=v9;g=meta.k8s.io',
      'sv=v2',
      'stream=x',
    ]) {
      expect([parameters, await kindOf(MAPS, `application/json;${parameters}`)]).toEqual([parameters, refusal]);
      expect(await kindOf(MAPS, `application/json;${parameters},application/json`)).toBe('ConfigMapList');
    }
    expect(await kindOf(MAPS, `application/vnd.kubernetes.protobuf;as=Table;${META}`)).toEqual(refusal);
    expect(await kindOf(MAPS, 'application/yaml;stream=watch')).toEqual(refusal);
  });

  it('a Scale has columns of its own', async () => {
    const spec = {
      replicas: 3,
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    };
    const sets = '/apis/apps/v1/namespaces/n/replicasets';
    await running.request('POST', sets, { body: { metadata: { name: 'r' }, spec } });
    const { text } = await running.request('GET', `${sets}/r/scale`, { accept: `application/json;as=Table;${META}` });
    const { columnDefinitions, rows } = JSON.parse(text) as { columnDefinitions: { name: string }[]; rows: unknown[] };
    expect(columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'Desired', 'Available', 'Age']);
    expect(rows).toMatchObject([{ cells: ['r', 3, 0, expect.any(String)], object: { kind: 'PartialObjectMetadata' } }]);
  });

  it('the highest quality is given, and what says more before what says less', async () => {
    const table = `application/json;as=Table;${META}`;
    expect(await kindOf(MAPS, `application/json;q=0.5,${table}`)).toBe('Table');
    expect(await kindOf(MAPS, `${table};q=0.5,application/json`)).toBe('ConfigMapList');
    expect(await kindOf(MAPS, `*/*,${table}`)).toBe('Table');
    expect(await kindOf(MAPS, '')).toBe('ConfigMapList');
  });

  it('metadata of a list where an object is, and the other way round, names the Go type', async () => {
    const asked = (what: string): string => `application/json;as=${what};${META}`;
    expect(await kindOf(`${MAPS}/a`, asked('PartialObjectMetadataList'))).toMatchObject({
      code: 406,
      message: 'you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)',
    });
    expect(
      await kindOf('/apis/rbac.authorization.k8s.io/v1/clusterroles', asked('PartialObjectMetadata')),
    ).toMatchObject({
      code: 406,
      message: 'you requested PartialObjectMetadata, but the requested object is a list (*rbac.ClusterRoleList)',
    });
  });

  it('includeObject is looked at for tables alone', async () => {
    const path = `${MAPS}?includeObject=x`;
    expect(await kindOf(path, 'application/json')).toBe('ConfigMapList');
    expect(await kindOf(path, `application/json;as=Table;${META}`)).toMatchObject({
      code: 400,
      message:
        "Unable to convert to Table as requested: includeObject: Invalid value: \"x\": must be 'Metadata', 'Object', 'None', or empty",
    });
  });

  it('a watch does not come in YAML', async () => {
    const { code, text } = await running.request('GET', `${MAPS}?watch=1`, { accept: 'application/yaml' });
    expect(code).toBe(406);
    expect(text.replaceAll(/\s+/g, ' ')).toContain(ONLY + STREAM_TYPES);
  });

  it('JSON is pretty for people, or as `pretty` says', async () => {
    const lines = async (query: string, agent: string): Promise<boolean> => {
      const { text } = await running.request('GET', `${MAPS}/a${query}`, { headers: { 'user-agent': agent } });
      return text.includes('\n  ');
    };
    expect(await lines('', 'kubectl')).toBe(false);
    expect(await lines('?pretty=1', 'kubectl')).toBe(true);
    expect(await lines('?pretty=yes', 'kubectl')).toBe(false);
    expect(await lines('', 'curl/8')).toBe(true);
    expect(await lines('?pretty=false', 'curl/8')).toBe(false);
    expect(await lines('?pretty=', 'curl/8')).toBe(true);
  });
});
