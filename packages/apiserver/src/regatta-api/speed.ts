/**
 * The cluster's speed over HTTPS: what `regatta speed N|pause|resume` asks for.
 *
 *   POST /regatta/v1/speed   {"speed": 10}, {"action": "pause"} or {"action": "resume"}
 *
 * Answers with the speed before and after. What it is now anybody may read in the ConfigMap kube-system/regatta-clock.
 */
import { statusErrors } from '@regatta/api';
import { MAX_SPEED, type Timeline } from '@regatta/runtime';
import { changeSpeed, lastSpeed, speedBeforePause } from '../cluster-timeline.ts';
import type { ServerContext } from '../server/context.ts';
import { BodyFields } from './body-fields.ts';
import { jsonResponse, type RegattaRoute } from './route-table.ts';

export function speedRoute(context: ServerContext): RegattaRoute {
  return {
    method: 'POST',
    path: '/regatta/v1/speed',
    serve: async ({ call }) => {
      const body = await BodyFields.read(call.request);
      const choose = readChoice(body);
      body.done();
      return jsonResponse(await changeSpeed(context, choose));
    },
  };
}

function readChoice(body: BodyFields): (timeline: Timeline) => number {
  const speed = body.number('speed');
  const action = body.string('action');
  if ((speed === undefined) === (action === undefined))
    throw statusErrors.badRequest('exactly one of the fields "speed" and "action" is required');
  if (speed !== undefined) {
    if (speed >= 0 && speed <= MAX_SPEED) return () => speed;
    throw statusErrors.badRequest(`field "speed" must be a number from 0 to ${MAX_SPEED}`);
  }
  if (action === 'pause') return () => 0;
  if (action === 'resume') return resume;
  throw statusErrors.badRequest('field "action" must be "pause" or "resume"');
}

/** One that is not paused goes on as it does. */
function resume(timeline: Timeline): number {
  const now = lastSpeed(timeline);
  return now > 0 ? now : (speedBeforePause(timeline) ?? 1);
}
