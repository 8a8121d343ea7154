// What `kubectl explain` says of fields: the API's own documentation, taken from the type declarations of a package of the
// registry when the programs are bundled. The text is upstream's and is never part of the sources here.
import fs from 'node:fs';
import path from 'node:path';
import { root } from './setup.mjs';

/** Every type's text, by the type's id in the facts; the text of the type itself under the empty name. */
export function fieldDocs() {
  const { types } = JSON.parse(
    fs.readFileSync(path.join(root, 'packages', 'api', 'facts', 'kubernetes-1.36.json'), 'utf8'),
  );
  const idOf = new Map(Object.keys(types).map((id) => [shortName(id), id]));
  const docs = {};
  for (const file of declarations()) {
    const { name, entries } = read(file);
    const id = idOf.get(name);
    if (id !== undefined && entries.length > 0) docs[id] = Object.fromEntries(entries);
  }
  // Declarations of kinds have them as constants, without a word.
  const { apiVersion, kind } = docs['io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions'];
  for (const [id, { gvk }] of Object.entries(types))
    if (gvk && id in docs) docs[id] = { apiVersion, kind, ...docs[id] };
  // The package has stable versions only: what a beta says is what became of it.
  for (const id of Object.keys(types)) {
    const stable = id.replace(/\.v1(alpha|beta)\d\./, '.v1.');
    if (!(id in docs) && stable in docs) docs[id] = docs[stable];
  }
  return docs;
}

/** `rbac/v1/Role` of io.k8s.api.rbac.v1.Role: the end of an id tells its type. */
function shortName(id) {
  return id.split('.').slice(-3).join('/');
}

function* declarations() {
  for (const name of ['kubernetes-models', '@kubernetes-models/apimachinery']) {
    yield* filesUnder(path.join(root, 'node_modules', name));
  }
}

function* filesUnder(folder) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== 'node_modules') yield* filesUnder(file);
    else if (/^[A-Z]\w*\.d\.ts$/.test(entry.name)) yield file;
  }
}

/** One declaration file: an interface with a comment before it, and before each of its members. */
function read(file) {
  const [kind = '', version = '', group = ''] = file.split(path.sep).reverse();
  // Types of the group without a name are in folders of their versions only.
  const folder = group === 'kubernetes-models' ? 'core' : group.split('.')[0];
  const name = `${folder}/${version}/${kind.slice(0, -'.d.ts'.length)}`;
  const entries = [];
  let comment;
  let depth = 0;
  for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
    const text = line.trim();
    if (text === '/**') comment = [];
    else if (text === '*/') continue;
    else if (comment !== undefined && text.startsWith('*')) comment.push(text.slice(1).replace(/^ /, ''));
    else {
      const member =
        depth === 0 ? /^export interface I/.test(text) && [text, ''] : depth === 1 && /^"([^"]+)"\??:/.exec(text);
      if (member && comment?.length > 0) entries.push([member[1], comment.join('\n').trim()]);
      comment = undefined;
      depth += (text.match(/{/g)?.length ?? 0) - (text.match(/}/g)?.length ?? 0);
      // What follows the interface is the same once more, as a class.
      if (depth === 0 && entries.length > 0) break;
    }
  }
  return { name, entries };
}
