/**
 * Every Compose that is installed here reads docker-compose.yml: the first tells the story (story.test.ts), the others show
 * that they bring the same cluster up and down.
 */

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { CONTROL_PLANE, composes, NODES, Stack } from './stack.ts';

describe('every Compose that is installed', () => {
  test.each(composes.map((command) => ({ command, name: command.join(' ') })))(
    'CMP-65: $name reads the file without a warning',
    async ({ command }) => {
      const stack = await Stack.create(command, 'config');
      const { services } = parse(await stack.compose('config')) as {
        services: Record<string, { build?: { args: object } }>;
      };
      expect(services['setup']?.build?.args).toEqual({ BASE_IMAGE: process.env['BASE_IMAGE'], BUILD_IMAGE: '' });
      expect(Object.keys(services).sort()).toEqual(['setup', ...CONTROL_PLANE, ...NODES, 'worker'].sort());
      stack.close();
    },
  );

  test.each(composes.slice(1).map((command) => ({ command, name: command.join(' ') })))(
    'CMP-66: $name brings the cluster up, scales it, and takes it away',
    async ({ command }) => {
      const stack = await Stack.create(command, 'other');
      try {
        await stack.up('--scale', 'worker=1');
        await stack.untilReady(...NODES);
        const id = await stack.compose('ps', '--quiet', 'worker');
        await stack.untilReady(id.slice(0, 12));
      } finally {
        await stack.dispose();
      }
      const left = ['volume', 'ls', '--quiet', '--filter', `label=com.docker.compose.project=${stack.name}`];
      expect(await stack.docker(...left)).toBe('');
    },
  );
});
