#!/usr/bin/env node
// `npm run demo`: the node-loss story, with stock kubectl (fetched on its first run).
import { checkNode, ensureInstalled, runRegatta } from './lib/setup.mjs';

checkNode();
ensureInstalled();
const { ensureTestClients, kubectl } = await import('./lib/test-clients.mjs');
if (process.env.KUBECTL === undefined && (await ensureTestClients())) process.env.KUBECTL = kubectl;
await runRegatta(['demo', ...process.argv.slice(2)]);
