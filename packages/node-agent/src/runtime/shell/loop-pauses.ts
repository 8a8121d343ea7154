/**
 * Puts the pause command into every loop of a script (see fair-share.ts).
 */
import type { ScriptNode, TransformPlugin } from 'just-bash';
import { PAUSE_COMMAND } from './fair-share.ts';
import { COMMAND_DIRECTORY } from './shell-file-system.ts';

const LOOPS: ReadonlySet<unknown> = new Set(['While', 'Until', 'For', 'CStyleFor']);

const PAUSE = {
  type: 'Statement',
  pipelines: [
    {
      type: 'Pipeline',
      commands: [
        {
          type: 'SimpleCommand',
          assignments: [],
          name: { type: 'Word', parts: [{ type: 'Literal', value: `${COMMAND_DIRECTORY}${PAUSE_COMMAND}` }] },
          args: [],
          redirections: [],
        },
      ],
      negated: false,
    },
  ],
  operators: [],
  background: false,
} as const;

/** The interpreter's hook that rewrites a script before it runs. */
export const loopPauses: TransformPlugin = {
  name: 'loop-pauses',
  transform: ({ ast }) => ({ ast: withPauses(ast) as ScriptNode }),
};

function withPauses(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withPauses);
  if (typeof value !== 'object' || value === null) return value;
  const node = Object.fromEntries(Object.entries(value).map(([key, child]) => [key, withPauses(child)]));
  if (LOOPS.has(node['type']) && Array.isArray(node['body'])) node['body'] = [PAUSE, ...node['body']];
  return node;
}
