/**
 * The files of an image, made once and shared by all its containers: nobody changes them, a container keeps what it
 * changes for itself.
 */
import { type DirectoryNode, directoryNode, freeze } from '../runtime/filesystem/nodes.ts';
import type { ImageProfile } from './image-profile.ts';

const made = new WeakMap<ImageProfile, DirectoryNode>();

export function imageFiles(profile: ImageProfile, now: number): DirectoryNode {
  const known = made.get(profile);
  if (known) return known;
  const root = directoryNode(0o755, now);
  profile.populate(root, now);
  freeze(root);
  made.set(profile, root);
  return root;
}
