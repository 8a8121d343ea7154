import { describe, expect, it } from 'vitest';
import { covers, isPattern } from '../src/broker/subject-match.ts';
import { SubjectTree } from '../src/broker/subject-tree.ts';
import { permissionsFor } from '../src/mod.ts';
import { escapeToken, requestSubject, requestUser, unescapeToken } from '../src/subjects.ts';

describe('subjects', () => {
  it('BUS-50: escaping is one to one and leaves only safe characters', () => {
    const names = ['', '%', 'a', 'a.b', 'a:b', '*', '>', 'a b', '\r\n', 'é', '☃', 'system:node:x', '%25', '.', '..'];
    const tokens = names.map(escapeToken);
    expect(new Set(tokens).size).toBe(names.length);
    expect(tokens.every((token) => /^[A-Za-z0-9_%-]+$/.test(token))).toBe(true);
    expect(tokens.map(unescapeToken)).toEqual(names);
  });

  it('BUS-51: a request subject carries the user, in tokens that permissions can cover', () => {
    for (const user of ['system:node:a.b', 'x', '::', 'a:*:b', '>'])
      expect(requestUser(requestSubject('api', user))).toBe(user);
    expect(requestSubject('node.n-1.example', 'system:apiserver')).toBe('rpc.node.n-1%2Eexample.system.apiserver');
  });

  it('BUS-52: no identity may read the inbox or the requests of another', () => {
    const users = [
      'system',
      'system:node:a',
      'system:node:a.b',
      'system:node',
      'system:kube-scheduler',
      '*',
      '>',
      'system:apiserver',
    ];
    for (const user of users)
      for (const other of users.filter((name) => name !== user)) {
        const inbox = `in.${escapeToken(other)}.${escapeToken('system:apiserver')}.token.f`;
        expect(permissionsFor(user).subscribe.allow.some((pattern) => covers(pattern, inbox))).toBe(false);
        const asked = permissionsFor(user).publish.allow.some((pattern) =>
          covers(pattern, requestSubject('api', other)),
        );
        expect(asked).toBe(false);
      }
    const readsApi = users.filter((user) =>
      permissionsFor(user).subscribe.allow.some((pattern) => covers(pattern, 'rpc.api._.x')),
    );
    expect(readsApi).toEqual(['system:apiserver']);
  });

  it('BRK-30: patterns cover what they should, and the tree agrees', () => {
    const patterns = ['a', 'a.b', 'a.*', '*.b', 'a.>', '>', '*.*', 'a.*.c', 'a.b.>'];
    const subjects = ['a', 'a.b', 'a.c', 'x.b', 'a.b.c', 'a.x.c', 'a.b.c.d', 'z'];
    const tree = new SubjectTree<{ subject: string; queue: string }>();
    const subscriptions = patterns.map((subject) => ({ subject, queue: '' }));
    for (const subscription of subscriptions) tree.add(subscription);
    for (const subject of subjects) {
      const expected = patterns.filter((pattern) => covers(pattern, subject));
      expect(
        tree
          .match(subject)
          .plain.map((s) => s.subject)
          .sort(),
      ).toEqual(expected.sort());
    }
    for (const subscription of subscriptions) tree.delete(subscription);
    expect(tree.size).toBe(0);
    expect(tree.match('a.b').plain).toEqual([]);
    expect(covers('a.*', 'a.>')).toBe(false);
    expect(covers('a.>', 'a.*')).toBe(true);
    expect(['a', 'a.b', '>', 'a.>', '*'].every(isPattern)).toBe(true);
    expect(['', '.', 'a.', '.a', 'a..b', '>.a'].some(isPattern)).toBe(false);
  });
});
