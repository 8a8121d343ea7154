// What a container's health check runs: asks the process of this container whether it works. REGATTA_HEALTH_URL says
// where; https is checked against the CA in REGATTA_HEALTH_CA. Ends with 0 or 1, and prints the answer for `docker inspect`.
import fs from 'node:fs';

const TIMEOUT_MS = 3000;

const url = new URL(process.env.REGATTA_HEALTH_URL ?? 'http://127.0.0.1:10248/healthz');
const ca = process.env.REGATTA_HEALTH_CA;
const { get } = await (url.protocol === 'https:' ? import('node:https') : import('node:http'));

function end(code, answer) {
  fs.writeSync(process.stdout.fd, `${answer.trim()}\n`);
  process.exit(code);
}

get(url, { timeout: TIMEOUT_MS, ...(ca ? { ca: fs.readFileSync(ca) } : {}) }, async (answer) => {
  let text = '';
  for await (const chunk of answer) text += chunk;
  end(answer.statusCode === 200 ? 0 : 1, text);
})
  .on('timeout', () => end(1, `no answer within ${TIMEOUT_MS} ms`))
  .on('error', (error) => end(1, error.message));
