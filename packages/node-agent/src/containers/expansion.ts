/**
 * `$(NAME)` in commands, arguments and values of variables (upstream: third_party/forked/golang/expansion):
 * `$$` is a dollar sign, what isn't known stays as it is written.
 */
export function expand(text: string, lookUp: (name: string) => string | undefined): string {
  return text.replace(/\$(\$|\(([^)]*)\))/g, (whole, what: string, name: string | undefined) =>
    what === '$' ? '$' : (lookUp(name ?? '') ?? whole),
  );
}
