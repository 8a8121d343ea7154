import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import { parseArguments } from '../src/arguments.ts';

const JOIN = ['--join=https://apiserver:6443', '--join-token-file=t', '--ca-file=c', '--node-dir=d'];

describe('the command line of a machine that joins', () => {
  test('CMP-43: its name is its host name unless it is told another, as the kubelet does it', () => {
    const { place, healthAddress } = parseArguments([...JOIN, '--health-address=127.0.0.1:10248']);
    expect(place).toMatchObject({ kind: 'join', url: 'https://apiserver:6443', name: hostname().toLowerCase() });
    expect(healthAddress).toEqual({ host: '127.0.0.1', port: 10248 });
    expect(parseArguments([...JOIN, '--name=m']).place).toMatchObject({ name: 'm' });
  });

  test('IMG-45: a folder of images comes from the command line, else from the environment', () => {
    const environment = { REGATTA_IMAGES_DIR: '/images' };
    expect(parseArguments(JOIN, environment).images).toBe('/images');
    expect(parseArguments([...JOIN, '--images=/own'], environment).images).toBe('/own');
    expect(parseArguments(JOIN, { REGATTA_IMAGES_DIR: '' }).images).toBeUndefined();
  });

  test.each([
    [['--join=http://apiserver'], '--join takes the https:// address of the API server'],
    [JOIN.slice(0, 1), '--join-token-file is missing'],
    [JOIN.slice(0, 2), '--ca-file is missing'],
    [JOIN.slice(0, 3), '--node-dir is missing'],
    [[...JOIN, '--ip=10.0.0.1'], '--ip does not go with --join'],
    [[...JOIN, '--cpu=much'], 'not a quantity among --cpu much, --memory 16Gi, --pods 110'],
    [[...JOIN, '--health-address=10248'], '--health-address takes HOST:PORT, not "10248"'],
    [['--bus=nats://b', '--name=n', '--ip=1.2.3.4', '--node-dir=d'], '--credentials is missing'],
  ])('CMP-44: a mistake is one sentence: %j', (argv, message) => {
    expect(() => parseArguments(argv)).toThrow(message);
  });
});
