/**
 * agnhost webhook: admission webhooks over HTTPS (upstream: test/images/agnhost/webhook/main.go). Reviews come and are
 * answered in the version they have, v1 or v1beta1.
 */
import type { ServerResponse } from 'node:http';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { parseFlags } from './flags.ts';
import { bodyOf, type Call, type Handler, httpError, klogLine, serveTls, text } from './go-server.ts';
import {
  addLabel,
  admitConfigMaps,
  admitCustomResource,
  admitDefinition,
  admitPods,
  alwaysAllow,
  alwaysDeny,
  denyAttachment,
  mutateConfigMaps,
  mutateCustomResource,
  mutatePods,
  mutatePodsSidecar,
  type Review,
  type ReviewRequest,
  UnexpectedResource,
  type Verdict,
  waitsForever,
} from './webhook-reviews.ts';

/** Bytes of a review: an object and the one before. */
export const LONGEST_REVIEW = 8 * 1024 * 1024;
/** Real milliseconds: who waits for the answer, the API server, counts real time too. */
const DELAY_MS = 5_000;
const VERSIONS: readonly unknown[] = ['admission.k8s.io/v1', 'admission.k8s.io/v1beta1'];

export function webhook(process: ProcessContext): Promise<number> {
  const flags = parseFlags(process.argv.slice(2));
  const admit = (review: Review): Handler => reviewing(process, review);
  const slowly = admit(alwaysAllow);
  const routes: Readonly<Record<string, Handler>> = {
    '/always-allow-delay-5s': async (call) => {
      if (await delay(process, call.response)) await slowly(call);
    },
    '/always-deny': admit(alwaysDeny),
    '/add-label': admit(addLabel),
    '/pods': admit(admitPods),
    '/pods/attach': admit(denyAttachment),
    '/mutating-pods': admit(mutatePods),
    '/mutating-pods-sidecar': admit(mutatePodsSidecar(flags.text('sidecar-image', ''))),
    '/configmaps': admit(admitConfigMaps),
    '/mutating-configmaps': admit(mutateConfigMaps),
    '/custom-resource': admit(admitCustomResource),
    '/mutating-custom-resource': admit(mutateCustomResource),
    '/crd': admit(admitDefinition),
    '/readyz': ({ response }) => text(response, 'ok'),
  };
  return serveTls(process, flags, routes);
}

/** False when nobody waits any more. */
function delay(process: ProcessContext, response: ServerResponse): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = process.clock.real.setTimer(DELAY_MS, () => resolve(true));
    response.once('close', () => {
      timer.cancel();
      resolve(false);
    });
  });
}

function reviewing(process: ProcessContext, review: Review): Handler {
  return async (call) => {
    const asked = await readReview(process, call);
    if (asked === undefined) return;
    // The answer never comes; the connection ends when its other side gives up.
    if (review === admitPods && waitsForever(asked.request)) return;
    try {
      const { apiVersion } = asked;
      const answer = {
        kind: 'AdmissionReview',
        apiVersion,
        response: responseOf(asked.request, review(asked.request)),
      };
      call.response.setHeader('Content-Type', 'application/json');
      call.response.end(JSON.stringify(answer));
    } catch (error) {
      if (error instanceof UnexpectedResource) klogLine(process, 'webhook.go:1', error.message, 'E');
      throw error;
    }
  };
}

interface Asked {
  readonly apiVersion: string;
  readonly request: ReviewRequest;
}

/** Undefined when it was answered already: it can't be read. */
async function readReview(process: ProcessContext, { request, response }: Call): Promise<Asked | undefined> {
  const type = request.headers['content-type'] ?? '';
  const body = await bodyOf(request, LONGEST_REVIEW);
  if (type !== 'application/json') {
    klogLine(process, 'main.go:107', `contentType=${type}, expect application/json`, 'E');
    response.end();
    return undefined;
  }
  const refuse = (message: string): undefined => {
    klogLine(process, 'main.go:117', message, 'E');
    httpError(response, message, 400);
  };
  try {
    const { kind, apiVersion, request: asked } = JSON.parse(body);
    if (kind !== 'AdmissionReview' || !VERSIONS.includes(apiVersion)) {
      return refuse(`Unsupported group version kind: ${apiVersion}, Kind=${kind}`);
    }
    return { apiVersion, request: asked ?? {} };
  } catch (error) {
    return refuse(`Request could not be decoded: ${error instanceof Error ? error.message : ''}`);
  }
}

function responseOf({ uid = '' }: ReviewRequest, { allowed, status, patch }: Verdict): object {
  return {
    uid,
    allowed,
    ...(status && { status: { metadata: {}, ...status } }),
    ...(patch && { patch: Buffer.from(JSON.stringify(patch)).toString('base64'), patchType: 'JSONPatch' }),
  };
}
