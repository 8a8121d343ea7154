/**
 * Rather where the Pod's images are already, the more so the larger they are; an image that few nodes have counts less,
 * or these nodes would be overrun (upstream: pkg/scheduler/framework/plugins/imagelocality).
 */
import { StateKey } from '../framework/cycle-state.ts';
import { type ClusterView, MAX_NODE_SCORE, type Plugin } from '../framework/plugin.ts';

const NAME = 'ImageLocality';
const MEBIBYTE = 1024 * 1024;
const LEAST_BYTES = 23 * MEBIBYTE;
const MOST_BYTES_EACH = 1000 * MEBIBYTE;

interface Images {
  readonly names: readonly string[];
  readonly containers: number;
  readonly cluster: ClusterView;
}

const IMAGES = new StateKey<Images>(NAME);

export const imageLocality: Plugin = {
  name: NAME,
  weight: 1,
  preScore(state, { pod }, _nodes, cluster) {
    const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
    const names = containers.map(({ image }) => normalizedImage(image ?? ''));
    // Where no node has any of the images every score is 0.
    if (!names.some((name) => cluster.imageNodes(name) > 0)) return 'skip';
    state.set(IMAGES, { names, containers: containers.length, cluster });
    return undefined;
  },
  score(state, _pod, node) {
    const { names, containers, cluster } = state.need(IMAGES);
    let bytes = 0;
    for (const name of names) {
      const size = node.images.get(name);
      if (size) bytes += Math.floor((size * cluster.imageNodes(name)) / cluster.nodes.length);
    }
    const most = MOST_BYTES_EACH * containers;
    const counted = Math.min(Math.max(bytes, LEAST_BYTES), most);
    return Math.floor((MAX_NODE_SCORE * (counted - LEAST_BYTES)) / (most - LEAST_BYTES));
  },
};

/** An image without a tag means its latest. */
function normalizedImage(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image;
}
