/**
 * Version 2 of the OpenAPI document in protobuf, as clients built on gnostic read it
 * (upstream: github.com/google/gnostic/openapiv2/OpenAPIv2.proto). Loaded when it is first asked for.
 *
 * The tables hold what Kubernetes' documents have; a field that they lack is left out, as unknown ones are in protobuf.
 */
import { WireWriter } from '@regatta/api';
import {
  any,
  bool,
  double,
  each,
  inside,
  integer,
  type Message,
  message,
  named,
  type Put,
  text,
  writeMessage,
} from './wire-fields.ts';

/** Where the value of a map or a oneof stands in its own message. */
const FIRST = 1;
const SECOND = 2;

const schema: Put = (writer, number, value) => message(() => SCHEMA)(writer, number, value);

/** `additionalProperties: true` and `additionalProperties: {…}` are different fields. */
const additional: Put = (writer, number, value) =>
  typeof value === 'boolean'
    ? inside(SECOND, bool)(writer, number, value)
    : inside(FIRST, schema)(writer, number, value);
const oneOrMore =
  (put: Put): Put =>
  (writer, number, value) =>
    inside(FIRST, each(put))(writer, number, Array.isArray(value) ? value : [value]);

const DOCS: Message = { fields: { description: [1, text], url: [2, text] }, extensions: 3 };

const SCHEMA: Message = {
  fields: {
    $ref: [1, text],
    format: [2, text],
    title: [3, text],
    description: [4, text],
    default: [5, any],
    multipleOf: [6, double],
    maximum: [7, double],
    exclusiveMaximum: [8, bool],
    minimum: [9, double],
    exclusiveMinimum: [10, bool],
    maxLength: [11, integer],
    minLength: [12, integer],
    pattern: [13, text],
    maxItems: [14, integer],
    minItems: [15, integer],
    uniqueItems: [16, bool],
    maxProperties: [17, integer],
    minProperties: [18, integer],
    required: [19, each(text)],
    enum: [20, each(any)],
    additionalProperties: [21, additional],
    type: [22, oneOrMore(text)],
    items: [23, oneOrMore(schema)],
    allOf: [24, each(schema)],
    properties: [25, inside(FIRST, named(schema))],
    discriminator: [26, text],
    readOnly: [27, bool],
    externalDocs: [29, message(() => DOCS)],
    example: [30, any],
  },
  extensions: 31,
};

const BODY_PARAMETER: Message = {
  fields: { description: [1, text], name: [2, text], in: [3, text], required: [4, bool], schema: [5, schema] },
  extensions: 6,
};
const PARAMETER_HEAD: Message['fields'] = {
  required: [1, bool],
  in: [2, text],
  description: [3, text],
  name: [4, text],
};
const QUERY_PARAMETER: Message = {
  fields: { ...PARAMETER_HEAD, type: [6, text], format: [7, text], uniqueItems: [20, bool] },
  extensions: 23,
};
const PATH_PARAMETER: Message = {
  fields: { ...PARAMETER_HEAD, type: [5, text], format: [6, text], uniqueItems: [19, bool] },
  extensions: 22,
};
const REFERENCE: Message = { fields: { $ref: [1, text], description: [2, text] } };
const QUERY_OF_OTHERS = 3;
const PATH_OF_OTHERS = 4;

/** A parameter is one of body and others, and these are of query or path. */
const parameter: Put = (writer, number, value) => {
  const { $ref, in: where } = value as { readonly $ref?: string; readonly in?: string };
  if ($ref !== undefined)
    return inside(
      SECOND,
      message(() => REFERENCE),
    )(writer, number, value);
  if (where === 'body')
    return inside(
      FIRST,
      inside(
        FIRST,
        message(() => BODY_PARAMETER),
      ),
    )(writer, number, value);
  const other =
    where === 'path'
      ? inside(
          PATH_OF_OTHERS,
          message(() => PATH_PARAMETER),
        )
      : inside(
          QUERY_OF_OTHERS,
          message(() => QUERY_PARAMETER),
        );
  inside(FIRST, inside(SECOND, other))(writer, number, value);
};

const RESPONSE: Message = {
  fields: { description: [1, text], schema: [2, inside(FIRST, schema)] },
  extensions: 5,
};
const responses = inside(
  FIRST,
  named(
    inside(
      FIRST,
      message(() => RESPONSE),
    ),
  ),
);

const OPERATION: Message = {
  fields: {
    tags: [1, each(text)],
    summary: [2, text],
    description: [3, text],
    externalDocs: [4, message(() => DOCS)],
    operationId: [5, text],
    produces: [6, each(text)],
    consumes: [7, each(text)],
    parameters: [8, each(parameter)],
    responses: [9, responses],
    schemes: [10, each(text)],
    deprecated: [11, bool],
  },
  extensions: 13,
};
const operation = message(() => OPERATION);

const PATH_ITEM: Message = {
  fields: {
    get: [2, operation],
    put: [3, operation],
    post: [4, operation],
    delete: [5, operation],
    options: [6, operation],
    head: [7, operation],
    patch: [8, operation],
    parameters: [9, each(parameter)],
  },
  extensions: 10,
};

const INFO: Message = {
  fields: { title: [1, text], version: [2, text], description: [3, text] },
  extensions: 7,
};
const API_KEY: Message = {
  fields: { type: [1, text], name: [2, text], in: [3, text], description: [4, text] },
  extensions: 5,
};

/** A map of lists of texts. */
const requirement = inside(FIRST, named(inside(FIRST, each(text))));

const DOCUMENT: Message = {
  fields: {
    swagger: [1, text],
    info: [2, message(() => INFO)],
    paths: [8, inside(SECOND, named(message(() => PATH_ITEM)))],
    definitions: [9, inside(FIRST, named(schema))],
    security: [12, each(requirement)],
    securityDefinitions: [
      13,
      inside(
        FIRST,
        named(
          inside(
            SECOND,
            message(() => API_KEY),
          ),
        ),
      ),
    ],
  },
  extensions: 16,
};

const FIRST_SIZE = 1 << 20;

export function protobufDocument(document: Readonly<Record<string, unknown>>): Uint8Array {
  const writer = new WireWriter(FIRST_SIZE);
  writeMessage(writer, DOCUMENT, document);
  return writer.finish();
}
