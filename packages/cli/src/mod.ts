export { type ProgramOptions, runCli } from './program.ts';
