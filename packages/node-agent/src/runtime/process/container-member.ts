/**
 * What a process has of its container: everything that ContainerEnvironment says, by asking the container.
 */
import type { ClusterClock, Logger } from '@regatta/runtime';
import type { Resolver } from '../../network/dns/resolver.ts';
import type { PodNetwork } from '../../network/pod-network.ts';
import type { ContainerFileSystem } from '../filesystem/file-system.ts';
import type { ContainerEnvironment, Program } from './process-context.ts';

export abstract class ContainerMember implements ContainerEnvironment {
  protected abstract readonly environment: ContainerEnvironment;

  get hostname(): string {
    return this.environment.hostname;
  }

  get ip(): string {
    return this.environment.ip;
  }

  get image(): string {
    return this.environment.image;
  }

  get clock(): ClusterClock {
    return this.environment.clock;
  }

  get network(): PodNetwork {
    return this.environment.network;
  }

  get resolver(): Resolver {
    return this.environment.resolver;
  }

  get logger(): Logger {
    return this.environment.logger;
  }

  fileSystem(): ContainerFileSystem {
    return this.environment.fileSystem();
  }

  mayDiffer(path: string): boolean {
    return this.environment.mayDiffer(path);
  }

  prepareFiles(): Promise<void> {
    return this.environment.prepareFiles();
  }

  findProgram(name: string, path: string): Program | undefined {
    return this.environment.findProgram(name, path);
  }
}
