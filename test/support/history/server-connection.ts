/**
 * One HTTP/2 connection to a cluster's API, bare: to see what happens to connections, not only to requests.
 */
import { once } from 'node:events';
import fs from 'node:fs';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { parse } from 'yaml';
import type { TestCluster } from '../cluster.ts';

export interface Http2Answer {
  readonly stream: ClientHttp2Stream;
  readonly code: number;
}

/** Connects as the cluster's administrator. @throws the system's error, such as ECONNREFUSED */
export async function connectHttp2(cluster: TestCluster): Promise<ClientHttp2Session> {
  const config = parse(fs.readFileSync(cluster.kubeconfig, 'utf8')) as {
    clusters: [{ cluster: Record<string, string> }];
    users: [{ user: Record<string, string> }];
  };
  const decode = (data: string | undefined): Buffer => Buffer.from(data ?? '', 'base64');
  const { cluster: server } = config.clusters[0];
  const { user } = config.users[0];
  const session = connect(server['server'] ?? '', {
    ca: decode(server['certificate-authority-data']),
    cert: decode(user['client-certificate-data']),
    key: decode(user['client-key-data']),
  });
  await once(session, 'connect');
  // What becomes of it later is looked at by tests, or of no interest.
  session.on('error', () => {});
  return session;
}

/** Sends a GET and waits for the head of its answer; the body stays to be read. */
export async function getHttp2(session: ClientHttp2Session, path: string): Promise<Http2Answer> {
  const stream = session.request({ ':path': path });
  stream.on('error', () => {});
  const [headers] = (await once(stream, 'response')) as [{ ':status': number }];
  return { stream, code: headers[':status'] };
}
