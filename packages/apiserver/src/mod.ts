export { type ApiServer, type ApiServerOptions, startApiServer } from './api-server.ts';
