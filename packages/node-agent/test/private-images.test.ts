import { resources } from '@regatta/client';
import { afterEach, describe, expect, it } from 'vitest';
import { BUILT_IN_IMAGES, ImageCatalogue } from '../src/images/catalogue.ts';
import { defineImage } from '../src/images/define-image.ts';
import { loginsOf } from '../src/images/registry-login.ts';
import { TestNode } from './support/test-node.ts';

const SECRET_IMAGE = defineImage({
  repositories: ['team/secret'],
  size: 1000,
  login: { username: 'ann', password: 'pass:word' },
  programs: { '/pause': () => new Promise(() => {}) },
  command: ['/pause'],
});

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');
const auth = Buffer.from('ann:pass:word').toString('base64');

describe('private images', () => {
  let node: TestNode | undefined;
  afterEach(() => node?.cutPower());

  it('IMG-44: are pulled with the login of a pull secret for their registry', async () => {
    node = await new TestNode({ catalogue: new ImageCatalogue([...BUILT_IN_IMAGES, SECRET_IMAGE]) }).start();
    const image = 'registry.example/team/secret:1';
    const spec = { containers: [{ name: 'main', image }], imagePullSecrets: [{ name: 'login' }] };
    await node.createPod({ metadata: { name: 'without' }, spec });
    const event = async (name: string, text: string): Promise<boolean> =>
      (await node?.events(name))?.some((line) => line.includes(text)) ?? false;
    await node.until(() => event('without', 'pull access denied'), 'the pull is denied');
    const missing =
      'Warning FailedToRetrieveImagePullSecret Unable to retrieve some image pull secrets (login); attempting to pull the image may not succeed.';
    expect(await event('without', missing)).toBe(true);
    await node.client.resource(resources.secrets).create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'login', namespace: 'default' },
      data: { '.dockerconfigjson': encoded({ auths: { 'https://registry.example/v1/': { auth } } }) },
    });
    await node.createPod({ metadata: { name: 'with' }, spec });
    await node.phase('with', 'Running');
  });

  it('IMG-44: logins are read from both forms of Docker’s configuration, and from nothing else', () => {
    const login = { registry: 'docker.io', username: 'ann', password: 'pass:word' };
    const own = { username: 'ann', password: 'pass:word' };
    const secret = (data: Record<string, string>) => loginsOf({ metadata: { name: 's' }, data });
    expect(secret({ '.dockerconfigjson': encoded({ auths: { 'https://index.docker.io/v1/': { auth } } }) })).toEqual([
      login,
    ]);
    expect(secret({ '.dockercfg': encoded({ 'docker.io': own }) })).toEqual([login]);
    for (const wrong of ['', 'no json', encoded(null), encoded({ auths: [1] }), encoded({ auths: { x: 'y' } })])
      expect(secret({ '.dockerconfigjson': wrong })).toEqual([]);
  });
});
