import { describe, expect, it } from 'vitest';
import { type ProbeAnswer, Prober } from '../../src/handlers/prober.ts';
import { ROOT, TestContainers } from '../support/test-container.ts';

describe("images that upstream's suites probe", () => {
  it('NA-141: agnhost grpc-health-checking is healthy until it is told otherwise, or its time is over', async () => {
    const containers = new TestContainers();
    const args = ['grpc-health-checking', '--service=db', '--delay-unhealthy-sec', '600000'];
    const server = await containers.start('registry.k8s.io/e2e-test-images/agnhost:2.57', { args });
    await expect.poll(() => containers.network.listening(server.ip).length).toBe(2);
    const dial = (ip: string, port: number) => containers.network.connect('192.168.49.2', { ip, port });
    const prober = new Prober(containers.runtime, dial, containers.clock);
    const container = { name: 'main' };
    const target = {
      pod: { metadata: { name: 'pod' }, spec: { containers: [container] } },
      container,
      containerId: server.id,
      podIp: server.ip,
    };
    const ask = (port: number, service: string): Promise<ProbeAnswer> =>
      prober.ask(target, { grpc: { port, service }, timeoutSeconds: 20_000 });
    expect(await ask(5000, 'db')).toEqual({ result: 'success', output: 'service healthy' });
    expect((await ask(5000, '')).output).toBe('service unhealthy (responded with "UNKNOWN")');
    await server.exec(['curl', '-s', 'http://127.0.0.1:8080/make-not-serving']);
    expect((await ask(5000, 'db')).output).toBe('service unhealthy (responded with "NOT_SERVING")');
    await containers.runtime.stopContainer(server.id, 0);
  });

  it('NA-142: nonewprivs becomes root unless its container forbids it', async () => {
    const run = async (allowPrivilegeEscalation: boolean): Promise<string> => {
      const security = { ...ROOT, uid: 1000, allowPrivilegeEscalation };
      const container = await new TestContainers().start('registry.k8s.io/e2e-test-images/nonewprivs:1.4', {
        security,
      });
      await container.exit();
      return container.log();
    };
    expect(await run(false)).toBe('Effective uid: 1000\n');
    expect(await run(true)).toBe('Effective uid: 0\n');
  });
});
