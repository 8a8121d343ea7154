/**
 * The facts as data files; described by hand, because inferring types from 380 KB of JSON slows the compiler down.
 */
declare module '*/kubernetes-1.36.json' {
  const facts: import('./raw-facts.ts').RawFacts;
  export default facts;
}
declare module '*/go-fields.json' {
  const fields: import('./raw-facts.ts').RawGoFields;
  export default fields;
}
declare module '*/protobuf.json' {
  const protobuf: import('../protobuf/message-info.ts').RawProtobuf;
  export default protobuf;
}
