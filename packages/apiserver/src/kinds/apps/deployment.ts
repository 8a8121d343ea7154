/**
 * Deployments (upstream: pkg/registry/apps/deployment/strategy.go).
 */
import type { Deployment } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { defaultDeployment } from './defaults.ts';
import { scaleOf } from './scale.ts';

export const deploymentStrategy: Strategy<Deployment> = {
  tracksGeneration: true,
  applyDefaults: defaultDeployment,
  scale: scaleOf<Deployment>(),
};
