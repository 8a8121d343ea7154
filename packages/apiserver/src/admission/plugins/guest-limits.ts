/**
 * What one guest may put into the store: objects of a workshop's size, and not without end. Quotas count the kinds that
 * people know; this bounds the size of everything, the Events that quotas leave out, and kinds that no quota names.
 *
 * Counted before the write: as many as are under way at once may come on top.
 */
import { GUEST_EVENT } from '../../feed/cluster-words.ts';
import { GUESTS_GROUP } from '../../guests/guest-record.ts';
import type { ServerContext } from '../../server/context.ts';
import { storageKey } from '../../storage/object-storage.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import { admissionForbidden } from '../admission-error.ts';

export const GUEST_OBJECT_LIMITS = {
  /** Bytes of one object, as JSON. */
  bytes: 64 * 1024,
  eventBytes: 4 * 1024,
  /** Objects of one kind in one namespace. */
  objects: 100,
  events: 500,
} as const;

export class GuestLimits implements AdmissionPlugin {
  readonly name = 'GuestLimits';

  constructor(private readonly server: Pick<ServerContext, 'storage'>) {}

  handles({ user, operation, object }: AdmissionAttributes): boolean {
    return object !== undefined && operation !== 'CONNECT' && user.groups.includes(GUESTS_GROUP);
  }

  /** The feed tells what components say, and must not be told by guests what that is. */
  admit({ resource, object }: AdmissionAttributes): void {
    if (resource !== 'events' || !object) return;
    object.metadata.annotations = { ...object.metadata.annotations, [GUEST_EVENT]: 'true' };
  }

  validate(attributes: AdmissionAttributes): void {
    const { object, resource, operation, subresource } = attributes;
    const most = resource === 'events' ? GUEST_OBJECT_LIMITS.eventBytes : GUEST_OBJECT_LIMITS.bytes;
    const size = Buffer.byteLength(JSON.stringify(object));
    if (size > most)
      throw admissionForbidden(attributes, `a guest's object has at most ${most} bytes, this one ${size}`);
    if (operation === 'CREATE' && subresource === '') this.#count(attributes);
  }

  #count(attributes: AdmissionAttributes): void {
    const { group, resource, namespace } = attributes;
    if (namespace === '') return;
    const most = resource === 'events' ? GUEST_OBJECT_LIMITS.events : GUEST_OBJECT_LIMITS.objects;
    const found = this.server.storage.list(storageKey(group, resource, namespace), { limit: most });
    if (found instanceof Promise) throw new TypeError('the newest state is read from memory');
    if (found.items.length >= most)
      throw admissionForbidden(attributes, `a guest's namespace has at most ${most} ${resource}; delete some first`);
  }
}
