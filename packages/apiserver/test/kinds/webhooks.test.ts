/**
 * Webhook configurations beyond what the recordings show.
 */
import type { ValidatingWebhook, ValidatingWebhookConfiguration } from '@regatta/api';
import { describe, expect, it } from 'vitest';
import { validatingWebhookStrategy } from '../../src/kinds/admissionregistration/webhooks.ts';
import type { WriteContext } from '../../src/registry/strategy.ts';

function refusals(...changes: Partial<ValidatingWebhook>[]): string[] {
  const configuration: ValidatingWebhookConfiguration = {
    metadata: { name: 'c' },
    webhooks: changes.map((change) => ({
      name: 'a.example.com',
      admissionReviewVersions: ['v1'],
      clientConfig: { url: 'https://a.example.com/' },
      sideEffects: 'None',
      ...change,
    })),
  };
  validatingWebhookStrategy.applyDefaults?.(configuration);
  const errors = validatingWebhookStrategy.validate?.(configuration, {} as WriteContext) ?? [];
  return errors.map(({ field, detail }) => `${field}: ${detail}`);
}

const rule = { apiGroups: ['*'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] };

describe('webhook configurations', () => {
  it('KIND-18: a plain webhook is let in', () => {
    expect(refusals({ rules: [rule] })).toEqual([]);
    expect(refusals({ rules: [{ ...rule, resources: ['*', 'pods/status'] }] })).toEqual([]);
  });

  it('KIND-18: what stands for all stands alone', () => {
    expect(refusals({ rules: [{ ...rule, resources: ['pods/*', 'pods/status'] }] })).toEqual([
      "webhooks[0].rules[0].resources[1]: if 'pods/*' is present, must not specify pods/status",
    ]);
    expect(refusals({ rules: [{ ...rule, resources: ['*', 'pods'] }] })).toEqual([
      "webhooks[0].rules[0].resources: if '*' is present, must not specify other resources without subresources",
    ]);
  });

  it('KIND-18: names are told apart, and calls go to one place over https', () => {
    expect(refusals({}, {})).toEqual(['webhooks[1].name: ']);
    expect(refusals({ clientConfig: {} })).toEqual([
      'webhooks[0].clientConfig: exactly one of url or service is required',
    ]);
    expect(refusals({ clientConfig: { url: 'http://a.example.com/' } })).toEqual([
      "webhooks[0].clientConfig.url: 'https' is the only allowed URL scheme; desired format: https://host[/path]",
    ]);
  });
});
