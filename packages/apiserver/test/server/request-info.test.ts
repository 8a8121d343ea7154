import { describe, expect, it } from 'vitest';
import { requestInfo } from '../../src/server/request-info.ts';

type Row = [method: string, url: string, verb: string, resource: string, namespace: string, name: string, sub: string];

/** Upstream's own table: staging/src/k8s.io/apiserver/pkg/endpoints/request/requestinfo_test.go. */
const ROWS: Row[] = [
  ['GET', '/api/v1/namespaces', 'list', 'namespaces', '', '', ''],
  ['GET', '/api/v1/namespaces/other', 'get', 'namespaces', 'other', 'other', ''],
  ['GET', '/api/v1/namespaces/other/pods', 'list', 'pods', 'other', '', ''],
  ['GET', '/api/v1/namespaces/other/pods/foo', 'get', 'pods', 'other', 'foo', ''],
  ['HEAD', '/api/v1/namespaces/other/pods/foo', 'get', 'pods', 'other', 'foo', ''],
  ['GET', '/api/v1/pods', 'list', 'pods', '', '', ''],
  ['GET', '/api/v1/namespaces/other/pods/foo/log?follow=true', 'get', 'pods', 'other', 'foo', 'log'],
  ['GET', '/api/v1/watch/pods', 'watch', 'pods', '', '', ''],
  ['GET', '/api/v1/watch/namespaces/other/pods', 'watch', 'pods', 'other', '', ''],
  ['GET', '/api/v1/namespaces/other/pods?watch=1', 'watch', 'pods', 'other', '', ''],
  ['GET', '/api/v1/namespaces/other/pods?watch=false', 'list', 'pods', 'other', '', ''],
  ['GET', '/api/v1/pods?fieldSelector=metadata.name=foo', 'list', 'pods', '', 'foo', ''],
  ['POST', '/api/v1/namespaces/other/pods', 'create', 'pods', 'other', '', ''],
  ['DELETE', '/api/v1/namespaces/other/pods', 'deletecollection', 'pods', 'other', '', ''],
  ['DELETE', '/api/v1/namespaces/other/pods/foo', 'delete', 'pods', 'other', 'foo', ''],
  ['PUT', '/api/v1/namespaces/other/finalize', 'update', 'namespaces', 'other', 'other', 'finalize'],
  ['PATCH', '/apis/apps/v1/namespaces/other/deployments/d/scale', 'patch', 'deployments', 'other', 'd', 'scale'],
];

describe('SRV-2: request info', () => {
  it.each(ROWS)('%s %s', (method, url, verb, resource, namespace, name, subresource) => {
    expect(requestInfo(method, url)).toMatchObject({ isResource: true, verb, resource, namespace, name, subresource });
  });

  it.each(['/', '/api', '/api/v1', '/apis/apps/v1', '/healthz', '/version', '/apis/apps'])(
    '%s is no resource',
    (url) => {
      expect(requestInfo('GET', url)).toMatchObject({ isResource: false, verb: 'get', path: url });
    },
  );

  it('decodes the path before it is split, as Go does', () => {
    expect(requestInfo('GET', '/api/v1/nodes/a%20b')).toMatchObject({ resource: 'nodes', name: 'a b' });
    expect(() => requestInfo('GET', '/api/v1/nodes/%zz')).toThrow(URIError);
  });
});
