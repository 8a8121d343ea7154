/**
 * The compact form of policy in this folder's JSON files.
 *
 * A rule is `verbs groups resources [names]`, each a comma-separated list: `get,list apps deployments/scale`. The core
 * group is `core`; `url` in the group's place makes the third part paths. `read` and `write` stand for the verbs below,
 * the whole rule `events` for what everybody who records events needs. A subject is `Kind name`, a service account's
 * name `namespace/name`.
 */
import type { PolicyRule, Subject } from '@regatta/api';

const RBAC_GROUP = 'rbac.authorization.k8s.io';
const VERBS: Readonly<Record<string, readonly string[]>> = {
  read: ['get', 'list', 'watch'],
  write: ['create', 'delete', 'deletecollection', 'patch', 'update'],
};
const EVENTS_RULE = 'create,patch,update core,events.k8s.io events';

/** Lists in upstream's order: sorted. */
export function parseRule(text: string): PolicyRule {
  const [verbText = '', groupText = '', targetText = '', nameText] = (text === 'events' ? EVENTS_RULE : text).split(
    ' ',
  );
  const verbs = list(verbText)
    .flatMap((verb) => VERBS[verb] ?? [verb])
    .sort();
  if (groupText === 'url') return { verbs, nonResourceURLs: list(targetText) };
  return {
    verbs,
    apiGroups: list(groupText).map((group) => (group === 'core' ? '' : group)),
    resources: list(targetText),
    ...(nameText === undefined ? {} : { resourceNames: list(nameText) }),
  };
}

export function parseSubject(text: string): Subject {
  const [kind = '', rest = ''] = text.split(' ');
  if (kind !== 'ServiceAccount') return { kind, apiGroup: RBAC_GROUP, name: rest };
  const [namespace = '', name = ''] = rest.split('/');
  return { kind, name, namespace };
}

function list(text: string): string[] {
  return text.split(',').sort();
}
