/**
 * Reads a kubeconfig, as kubectl and `regatta` write them: its current context, with keys in the file or beside it.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { HttpTransportOptions } from '@regatta/client';
import { parse } from 'yaml';
import { CliError } from './cli-error.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface KubeconfigContext {
  /** Of the cluster, as the file calls it. */
  readonly name: string;
  /** That one works in; `default` unless told. */
  readonly namespace: string;
  readonly transport: HttpTransportOptions;
}

/** @throws CliError when there is none, or it names no cluster and user */
export function readKubeconfig(file: string): KubeconfigContext {
  const config = readYaml(file);
  const context = entry(config, 'contexts', 'context', text(config['current-context']));
  const cluster = entry(config, 'clusters', 'cluster', text(context?.fields['cluster']));
  const user = entry(config, 'users', 'user', text(context?.fields['user']));
  const url = text(cluster?.fields['server']);
  if (!cluster || !user || !url)
    throw new CliError(`${file} names no cluster and user. \`regatta kubeconfig\` says where this cluster's file is.`);
  const read = (fields: Fields, name: string): string | undefined => pem(fields, name, path.dirname(file));
  const ca = read(cluster.fields, 'certificate-authority');
  const cert = read(user.fields, 'client-certificate');
  const key = read(user.fields, 'client-key');
  const token = text(user.fields['token']);
  const serverName = text(cluster.fields['tls-server-name']);
  const transport = {
    url,
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
    ...(token ? { token } : {}),
    ...(serverName ? { serverName } : {}),
  };
  return { name: cluster.name, namespace: text(context?.fields['namespace']) ?? 'default', transport };
}

function readYaml(file: string): Fields {
  try {
    const value: unknown = parse(fs.readFileSync(file, 'utf8'));
    return isFields(value) ? value : {};
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new CliError(
        `There is no kubeconfig at ${file}. Start the cluster with \`regatta up -d\`, or name another one with --kubeconfig.`,
        1,
        { cause: error },
      );
    }
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(`Can't read ${file}: ${why}`, 1, { cause: error });
  }
}

/** The named entry of a list; the only one when no name is given. */
function entry(
  config: Fields,
  list: string,
  kind: string,
  name: string | undefined,
): { readonly name: string; readonly fields: Fields } | undefined {
  const entries = Array.isArray(config[list]) ? config[list].filter(isFields) : [];
  const found = name === undefined ? entries[0] : entries.find((one) => one['name'] === name);
  const fields = found?.[kind];
  return isFields(fields) ? { name: text(found?.['name']) ?? '', fields } : undefined;
}

/** Inline (`<name>-data`), or a file that the kubeconfig names. */
function pem(fields: Fields, name: string, folder: string): string | undefined {
  const data = text(fields[`${name}-data`]);
  if (data !== undefined) return Buffer.from(data, 'base64').toString();
  const file = text(fields[name]);
  return file === undefined ? undefined : fs.readFileSync(path.resolve(folder, file), 'utf8');
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
