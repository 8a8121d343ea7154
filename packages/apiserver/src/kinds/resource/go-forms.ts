/**
 * How messages show parts of claims (upstream: pkg/apis/resource/types.go).
 */
import { type GoForm, goAny, goInt, goList, goMap, goPointer, goString, goStruct } from '../validation/go-form.ts';

const selectors = goList(goStruct({ CEL: goPointer(goStruct({ Expression: goString })) }));
const opaque = goPointer(goStruct({ Driver: goString, Parameters: goAny }));
const tolerations = goList(
  goStruct({ Key: goString, Operator: goString, Value: goString, Effect: goString, TolerationSeconds: goAny }),
);
const capacity = goPointer(goStruct({ Requests: goMap(goAny) }));

const exactly = goStruct({
  DeviceClassName: goString,
  Selectors: selectors,
  AllocationMode: goString,
  Count: goInt,
  AdminAccess: goAny,
  Tolerations: tolerations,
  Capacity: capacity,
});
const subRequest = goStruct({
  Name: goString,
  DeviceClassName: goString,
  Selectors: selectors,
  AllocationMode: goString,
  Count: goInt,
  Tolerations: tolerations,
  Capacity: capacity,
});
const devices = goStruct({
  Requests: goList(goStruct({ Name: goString, Exactly: goPointer(exactly), FirstAvailable: goList(subRequest) })),
  Constraints: goList(goStruct({ Requests: goList(goString), MatchAttribute: goAny, DistinctAttribute: goAny })),
  Config: goList(goStruct({ Requests: goList(goString), Opaque: opaque })),
});

export const claimSpecForm: GoForm = goStruct({ Devices: devices });

const metadata = goStruct({
  labels: goAny,
  annotations: goAny,
});

/** ObjectMeta keeps its JSON tags. */
export const templateSpecForm: GoForm = (value) => {
  const spec = (value ?? {}) as { readonly metadata?: unknown; readonly spec?: unknown };
  const shown = Object.entries(metadata(spec.metadata) as object).filter(([, part]) => part !== null);
  return { ...Object.fromEntries(shown), Spec: claimSpecForm(spec.spec) };
};

const nodeRequirements = goList(goStruct({ Key: goString, Operator: goString, Values: goList(goString) }));
export const nodeTermsForm: GoForm = goList(
  goStruct({ MatchExpressions: nodeRequirements, MatchFields: nodeRequirements }),
);

const result = goStruct({
  Request: goString,
  Driver: goString,
  Pool: goString,
  Device: goString,
  AdminAccess: goAny,
  Tolerations: tolerations,
  BindingConditions: goList(goString),
  BindingFailureConditions: goList(goString),
  ShareID: ['shareID', goAny],
  ConsumedCapacity: goMap(goAny),
});

export const allocationForm: GoForm = goStruct({
  Devices: goStruct({
    Results: goList(result),
    Config: goList(goStruct({ Source: goString, Requests: goList(goString), Opaque: opaque })),
  }),
  NodeSelector: goPointer(goStruct({ NodeSelectorTerms: nodeTermsForm })),
  AllocationTimestamp: goAny,
});

export const attributeForm: GoForm = goStruct({
  IntValue: ['int', goAny],
  BoolValue: ['bool', goAny],
  StringValue: ['string', goAny],
  VersionValue: ['version', goAny],
});
