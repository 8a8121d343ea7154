/**
 * One rule of a schema, compiled: its expression and the one that words its message
 * (upstream: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/compilation.go).
 */
import type { JSONSchemaProps } from '@regatta/api';
import { type CelType, CompileError, compileCel, optionalOf, type Program } from '@regatta/cel';

export type Rule = NonNullable<JSONSchemaProps['x-kubernetes-validations']>[number];

export interface CompiledRule {
  readonly rule: Rule;
  readonly program: Program | undefined;
  readonly message: Program | undefined;
  readonly usesOldSelf: boolean;
  /** What is wrong with the expressions, in upstream's words. */
  readonly problem?: string;
  readonly messageProblem?: string;
}

/** @param self the type of the value that has the rule */
export function compileRule(rule: Rule, self: CelType): CompiledRule {
  const oldSelf = rule.optionalOldSelf ? optionalOf(self) : self;
  const environment = {
    variables: [
      ['self', self],
      ['oldSelf', oldSelf],
    ] as const,
  };
  const main = compiled(rule.rule, environment, 'bool', 'cel expression must evaluate to a bool');
  const text = rule.messageExpression?.trim() ? rule.messageExpression : undefined;
  const why = 'messageExpression must evaluate to a string';
  const message = text === undefined ? {} : compiled(text, environment, 'string', why);
  return {
    rule,
    program: main.program,
    message: message.program,
    usesOldSelf: main.program?.uses('oldSelf') ?? false,
    ...(main.problem === undefined ? {} : { problem: main.problem }),
    ...(message.problem === undefined
      ? {}
      : {
          messageProblem: `messageExpression compilation failed: ${message.problem.replace(/^compilation failed: /, '')}`,
        }),
  };
}

function compiled(
  text: string,
  environment: Parameters<typeof compileCel>[1],
  wanted: 'bool' | 'string',
  why: string,
): { readonly program?: Program; readonly problem?: string } {
  try {
    const program = compileCel(text, environment);
    if (program.type.kind !== wanted && program.type.kind !== 'dyn') return { problem: why };
    return { program };
  } catch (error) {
    if (error instanceof CompileError) return { problem: `compilation failed: ${error.message}` };
    throw error;
  }
}
