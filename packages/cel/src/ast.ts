/**
 * Expressions as trees, each node with the place by which upstream's messages know it: the operator of an operation, the dot
 * of a selection, the parenthesis of a call (upstream: github.com/google/cel-go/parser/parser.go).
 */

export type Literal = bigint | number | string | boolean | null | Uint8Array | { readonly uint: bigint };

/** A value that is left out when it is an empty optional: `[?a]`. */
export interface Element {
  readonly value: Expr;
  readonly optional: boolean;
}

export interface MapEntry extends Element {
  readonly key: Expr;
}

export interface FieldEntry extends Element {
  readonly field: string;
  readonly at: number;
}

export type Expr = { readonly at: number } & (
  | { readonly kind: 'literal'; readonly value: Literal }
  | { readonly kind: 'ident'; readonly name: string }
  | { readonly kind: 'select'; readonly operand: Expr; readonly field: string; readonly optional: boolean }
  | { readonly kind: 'call'; readonly name: string; readonly target: Expr | undefined; readonly args: readonly Expr[] }
  | { readonly kind: 'list'; readonly items: readonly Element[] }
  | { readonly kind: 'map'; readonly entries: readonly MapEntry[] }
  /** `Object.spec{replicas: 1}` */
  | { readonly kind: 'struct'; readonly name: string; readonly fields: readonly FieldEntry[] }
);
