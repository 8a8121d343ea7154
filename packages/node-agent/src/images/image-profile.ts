/**
 * What an emulated image is: its configuration, its files and its programs. One folder below this one holds each.
 */
import type { DirectoryNode } from '../runtime/filesystem/nodes.ts';
import type { Program } from '../runtime/process/process-context.ts';
import type { Signal } from '../runtime/process/signals.ts';

export interface ImageProfile {
  /** Repositories that hold this image, without registry: `library/nginx`. */
  readonly repositories: readonly string[];
  /** Tags that exist. All do when left out. */
  readonly tags?: RegExp;
  /** Bytes of the compressed image of a tag: sets how long a pull takes. */
  sizeBytes(tag: string): number;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workingDir: string;
  readonly stopSignal: Signal;
  /** Programs by absolute path. */
  readonly programs: Readonly<Record<string, Program>>;
  /** Adds the image's files to an empty root. Called once, when a container of it is first looked into. */
  populate(root: DirectoryNode, now: number): void;
  /** `sh` and the usual tools are there. */
  readonly hasShell: boolean;
  /** Those of them that this image doesn't have. */
  readonly lacks?: readonly string[];
  /** A command that the catalogue doesn't know runs as a quiet process rather than failing to start. */
  readonly runsAnything: boolean;
  /** A private image: who may pull it. */
  readonly login?: { readonly username: string; readonly password: string };
}

export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
