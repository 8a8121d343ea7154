/**
 * Regatta's own HTTPS API. A new path is a RegattaRoute, listed in regatta-routes.ts.
 */
export { BodyFields, LARGEST_REGATTA_BODY } from './body-fields.ts';
export { type RegattaParts, regattaRoutes } from './regatta-routes.ts';
export { jsonResponse, REGATTA_PREFIX, type RegattaRequest, type RegattaRoute, regattaApi } from './route-table.ts';
