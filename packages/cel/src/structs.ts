/**
 * Objects that expressions make: `Object.spec{replicas: 1}`
 * (upstream: checkCreateStruct of github.com/google/cel-go/checker/checker.go, k8s.io/apiserver/pkg/cel/mutation).
 */
import type { Expr } from './ast.ts';
import type { Code, Frame } from './code.ts';
import type { Compiler } from './compiler.ts';
import { addElement } from './lookups.ts';
import { accepts, typeText } from './types.ts';
import { StructValue, type Value } from './values.ts';

const STRUCT_COST = 40;

export function compileStruct(compiler: Compiler, { name, fields, at }: Extract<Expr, { kind: 'struct' }>): Code {
  const type = compiler.structs(name);
  if (!type) return compiler.fail(at, `undeclared reference to '${name}' (in container '')`);
  const codes = fields.map((entry) => {
    const code = compiler.element(entry);
    const wanted = type.fields.get(entry.field)?.type;
    if (!wanted) compiler.fail(entry.at, `undefined field '${entry.field}'`);
    else if (!accepts(wanted, code.type, new Map())) {
      const [expected, given] = [typeText(wanted), typeText(code.type)];
      compiler.fail(
        entry.at,
        `expected type of field '${entry.field}' is '${expected}' but provided type is '${given}'`,
      );
    }
    return { field: entry.field, optional: entry.optional, code };
  });
  const run = (frame: Frame): Value => {
    frame.meter.charge(STRUCT_COST);
    const made = new Map<string, Value>();
    for (const { field, optional, code } of codes) {
      const values: Value[] = [];
      addElement(optional, code.run(frame), values);
      for (const value of values) made.set(field, value);
    }
    return new StructValue(type.name, made);
  };
  const cost = STRUCT_COST + codes.reduce((sum, { code }) => sum + code.cost, 0);
  return { type, run, cost, size: 1 };
}
