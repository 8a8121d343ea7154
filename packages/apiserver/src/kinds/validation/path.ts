/**
 * Where a value stands in an object, rendered only when an error is told. Validators walk every object of every write and
 * seldom find anything, so a step must cost no more than one small allocation (the eager FieldPath builds text).
 */

type Step = { readonly kind: 'child' | 'key'; readonly name: string } | { readonly kind: 'index'; readonly at: number };

export class Path {
  private constructor(
    private readonly parent: Path | undefined,
    private readonly kind: Step['kind'],
    private readonly step: string | number,
  ) {}

  /** `Path.root('spec')`; the empty path (an error about the whole object) without a name. */
  static root(name = ''): Path {
    return new Path(undefined, 'child', name);
  }

  child(name: string): Path {
    return new Path(this, 'child', name);
  }

  index(at: number): Path {
    return new Path(this, 'index', at);
  }

  /** `limits[cpu]` */
  key(name: string): Path {
    return new Path(this, 'key', name);
  }

  toString(): string {
    const head = this.parent?.toString() ?? '';
    if (this.kind !== 'child') return `${head}[${this.step}]`;
    return head === '' ? String(this.step) : `${head}.${this.step}`;
  }
}

/** As upstream shows a path without a name: what is told of an object as a whole. */
export const NAMELESS: Path = Path.root('[]');
export const METADATA: Path = Path.root('metadata');
export const ANNOTATIONS: Path = METADATA.child('annotations');
export const SPEC: Path = Path.root('spec');
export const STATUS: Path = Path.root('status');
