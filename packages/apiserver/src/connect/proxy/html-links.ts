/**
 * Rewrites the links of an HTML page (upstream: atomsToAttrs in staging/src/k8s.io/apimachinery/pkg/util/proxy/transport.go
 * says which attributes hold links). Everything else stays as it is, byte for byte.
 */
const LINKS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    a: ['href'],
    applet: ['codebase'],
    area: ['href'],
    audio: ['src'],
    base: ['href'],
    blockquote: ['cite'],
    body: ['background'],
    button: ['formaction'],
    command: ['icon'],
    del: ['cite'],
    embed: ['src'],
    form: ['action'],
    frame: ['longdesc', 'src'],
    head: ['profile'],
    html: ['manifest'],
    iframe: ['longdesc', 'src'],
    img: ['longdesc', 'src', 'usemap'],
    input: ['src', 'usemap', 'formaction'],
    ins: ['cite'],
    link: ['href'],
    object: ['classid', 'codebase', 'data', 'usemap'],
    q: ['cite'],
    script: ['src'],
    source: ['src'],
    video: ['poster', 'src'],
  }),
);

/** Comments, the insides of scripts and the like, and tags. */
const PIECES =
  /<!--[\s\S]*?(?:-->|$)|<(script|style|textarea|title)\b([^>]*)>([\s\S]*?)(?=<\/\1|$)|<([a-z][a-z0-9]*)\b((?:"[^"]*"|'[^']*'|[^'">])*)>/gi;
const ATTRIBUTES = /([^\s"'=<>/]+)(\s*=\s*)(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+))/g;

export function rewriteHtml(html: string, rewrite: (link: string) => string): string {
  return html.replace(
    PIECES,
    (piece: string, rawTag?: string, rawAttributes?: string, inside?: string, tag?: string, attributes?: string) => {
      if (rawTag !== undefined) return `<${rawTag}${inTag(rawTag, rawAttributes ?? '', rewrite)}>${inside ?? ''}`;
      return tag === undefined ? piece : `<${tag}${inTag(tag, attributes ?? '', rewrite)}>`;
    },
  );
}

function inTag(tag: string, attributes: string, rewrite: (link: string) => string): string {
  const links = LINKS.get(tag.toLowerCase());
  if (links === undefined) return attributes;
  return attributes.replace(
    ATTRIBUTES,
    (whole: string, name: string, equals: string, double?: string, single?: string, bare?: string) => {
      if (!links.includes(name.toLowerCase())) return whole;
      const quote = double !== undefined ? '"' : single !== undefined ? "'" : '';
      return `${name}${equals}${quote}${rewrite(double ?? single ?? bare ?? '')}${quote}`;
    },
  );
}
