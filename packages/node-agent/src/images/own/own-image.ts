/**
 * Makes a profile from an image.yaml and the files beside it.
 */
import { fileNode, placeNode } from '../../runtime/filesystem/nodes.ts';
import { defineImage } from '../define-image.ts';
import type { ImageProfile } from '../image-profile.ts';
import { ALPINE, BUSYBOX, DEBIAN, type LinuxRelease } from '../linux-layout.ts';
import { documentServer } from './document-server.ts';
import type { Base, ImageDocument } from './image-document.ts';

const RELEASES: Readonly<Record<Base, LinuxRelease>> = { alpine: ALPINE, busybox: BUSYBOX, debian: DEBIAN };
export const SERVER_PATH = '/server';

/** A file of the folder `files`, by its path in the image. */
export interface OwnFile {
  readonly path: string;
  readonly content: Uint8Array;
  readonly mode: number;
}

export function ownImage(document: ImageDocument, ownFiles: readonly OwnFile[]): ImageProfile {
  const { server, tags } = document;
  const usual = server === undefined ? ['sh'] : [SERVER_PATH];
  const hasEntrypoint = document.entrypoint !== undefined;
  const profile = defineImage({
    repositories: repositoriesOf(document.repositories),
    ...(tags === undefined ? {} : { tags: exactly(tags) }),
    size: document.size,
    entrypoint: document.entrypoint ?? [],
    command: document.command ?? (hasEntrypoint ? [] : usual),
    env: document.env,
    ...(document.workingDir === undefined ? {} : { workingDir: document.workingDir }),
    ...(document.stopSignal === undefined ? {} : { stopSignal: document.stopSignal }),
    programs: server === undefined ? {} : { [SERVER_PATH]: documentServer(server) },
    release: RELEASES[document.base],
    files: document.files,
    ...(document.login === undefined ? {} : { login: document.login }),
    hasShell: document.shell,
    shells: document.shell ? ['/bin/sh'] : [],
  });
  return {
    ...profile,
    populate: (root, now) => {
      profile.populate(root, now);
      for (const { path, content, mode } of ownFiles) placeNode(root, path, fileNode(content, mode, now));
    },
  };
}

/** Docker's official images have no folder in their names: `shop` is docker.io/library/shop. */
export function repositoriesOf(names: readonly string[]): string[] {
  return names.flatMap((name) => (name.includes('/') ? [name] : [name, `library/${name}`]));
}

export function exactly(tags: readonly string[]): RegExp {
  const escaped = tags.map((tag) => tag.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^(${escaped.join('|')})$`);
}
