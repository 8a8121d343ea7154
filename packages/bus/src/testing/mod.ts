export {
  clock,
  connectAs,
  type ServerKind,
  serverKinds,
  startEmbedded,
  type TestServer,
  temporaryFolder,
  until,
} from './servers.ts';
