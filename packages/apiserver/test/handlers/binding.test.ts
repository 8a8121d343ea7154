import { afterAll, beforeAll, expect, it } from 'vitest';
import { prepareNamespace, type RunningServer, runServer } from '../running-server.ts';

let running: RunningServer;
beforeAll(async () => {
  running = await runServer();
  await prepareNamespace(running, 'b');
});
afterAll(() => running.stop());

it.each([
  ['pods/p/binding', '', { name: 'n' }, 400, 'name in URL does not match name in Binding object'],
  ['bindings', '', { name: 'n' }, 400, 'Name parameter required.'],
  ['bindings', 'a/b%', { name: 'n' }, 400, `Name parameter invalid: "a/b%": may not contain '/';may not contain '%'`],
  ['bindings', 'p', { name: 'n' }, 404, 'pods "p" not found'],
  [
    'bindings',
    'p',
    { kind: 'Pod' },
    500,
    '[target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>", target.name: Required value]',
  ],
])('KIND-70: a binding posted to %s, named %j, with the target %j', async (path, name, target, code, message) => {
  const body = { apiVersion: 'v1', kind: 'Binding', metadata: { ...(name ? { name } : {}) }, target };
  const answer = await running.json('POST', `/api/v1/namespaces/b/${path}`, { body });
  expect(answer).toMatchObject({ code, message });
});
