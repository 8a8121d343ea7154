export { DefinitionController } from './definition/definition-controller.ts';
export { definitionStrategy } from './definition/strategy.ts';
export { converterOf } from './webhook-converter.ts';
