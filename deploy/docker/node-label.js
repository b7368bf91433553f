#!/usr/bin/env node
// Before a broker starts in Kubernetes: `node-label.js LABEL FILE` reads LABEL of the node NODE_NAME from the API with the pod's
// own token and writes it to FILE as the setting `rack`; without the label an empty file of settings. Ends with 1, and says why,
// when the node can't be read: a broker that does not know its rack would spoil where replicas are put.
// NODE_EXTRA_CA_CERTS names the API's certificate.
import { readFileSync, writeFileSync } from 'node:fs';

const TIMEOUT_MS = 10_000;
const TOKEN = process.env['TOKEN_FILE'] ?? '/var/run/secrets/kubernetes.io/serviceaccount/token';

const [label, file] = process.argv.slice(2);
const node = process.env['NODE_NAME'];
const api = process.env['KUBERNETES_API'] ?? 'https://kubernetes.default.svc';

function fail(why) {
  process.stderr.write(`node-label: can't read the label ${label} of node ${node}: ${why}\n`);
  process.exit(1);
}

if (label === undefined || file === undefined || node === undefined) {
  process.stderr.write('usage: NODE_NAME=… node-label.js LABEL FILE\n');
  process.exit(2);
}
try {
  const answer = await fetch(`${api}/api/v1/nodes/${encodeURIComponent(node)}`, {
    headers: { authorization: `Bearer ${readFileSync(TOKEN, 'utf8').trim()}`, accept: 'application/json' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const body = await answer.text();
  if (!answer.ok) fail(`the API answers ${answer.status}: ${body.slice(0, 300)}`);
  const rack = JSON.parse(body).metadata?.labels?.[label];
  writeFileSync(file, JSON.stringify(rack === undefined || rack === '' ? {} : { rack }));
  process.stdout.write(`rack: ${rack ?? `none, node ${node} has no label ${label}`}\n`);
} catch (error) {
  fail(error.cause?.message ?? error.message);
}
