export { docsFrom, noDocs } from './field-docs.ts';
export { OpenApi } from './openapi.ts';
