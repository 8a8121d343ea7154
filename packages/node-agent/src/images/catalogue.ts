/**
 * The images that can be pulled, and how to tell one that doesn't exist: a repository of the catalogue has the tags
 * that its profile lists; any other repository exists with every tag, unless its name or tag says that it doesn't
 * (`does-not-exist`, `nonexistent`, `no-such-…`, `not-found`, `invalid`, `bogus`, `missing`).
 */
import { AGNHOST_IMAGE } from './agnhost/agnhost.ts';
import { BASE_IMAGES } from './base/bases.ts';
import { BUSYBOX_IMAGE } from './busybox/busybox.ts';
import { CURL_IMAGE } from './curl/curl-image.ts';
import { E2E_IMAGES } from './e2e/e2e-images.ts';
import { HTTPD_IMAGE } from './httpd/httpd.ts';
import type { ImageProfile } from './image-profile.ts';
import type { ImageReference } from './image-reference.ts';
import { NGINX_IMAGE } from './nginx/image.ts';
import { PAUSE_IMAGE } from './pause/pause.ts';
import { quietImage } from './quiet/quiet.ts';
import { REDIS_IMAGE } from './redis/redis-image.ts';
import { SAMPLE_APISERVER_IMAGE } from './sample-apiserver/sample-apiserver-image.ts';
import { STRESS_IMAGE } from './stress/stress.ts';
import { TOMCAT_IMAGES } from './tomcat/tomcat.ts';

const MISSING =
  /(^|[-_./:])(no-?such|non-?existent|non-?existing|does-?not-?exist|doesnt-?exist|not-?found|invalid|bogus|missing)/;

export type Lookup =
  | { readonly found: ImageProfile }
  /** The registry doesn't know the repository, or not this tag of it. */
  | { readonly missing: 'repository' | 'tag' | 'registry' };

export class ImageCatalogue {
  readonly #profiles = new Map<string, ImageProfile>();

  constructor(profiles: readonly ImageProfile[] = BUILT_IN_IMAGES) {
    for (const profile of profiles) {
      for (const repository of profile.repositories) this.#profiles.set(repository, profile);
    }
  }

  lookUp(reference: ImageReference): Lookup {
    if (reference.registry.endsWith('.invalid')) return { missing: 'registry' };
    const known = this.#profiles.get(reference.repository);
    if (known !== undefined) {
      const exists = reference.digest !== undefined || known.tags === undefined || known.tags.test(reference.tag);
      return exists ? { found: known } : { missing: 'tag' };
    }
    if (MISSING.test(reference.repository)) return { missing: 'repository' };
    if (MISSING.test(reference.tag)) return { missing: 'tag' };
    return { found: quietImage(reference.repository) };
  }
}

export const BUILT_IN_IMAGES: readonly ImageProfile[] = [
  NGINX_IMAGE,
  BUSYBOX_IMAGE,
  PAUSE_IMAGE,
  AGNHOST_IMAGE,
  HTTPD_IMAGE,
  REDIS_IMAGE,
  CURL_IMAGE,
  SAMPLE_APISERVER_IMAGE,
  STRESS_IMAGE,
  ...TOMCAT_IMAGES,
  ...BASE_IMAGES,
  ...E2E_IMAGES,
];
