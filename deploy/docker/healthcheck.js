#!/usr/bin/env node
// Asks gRPC's health service (grpc.health.v1.Health/Check): `healthcheck.js [HOST:PORT [NAME]]` prints what it says of NAME (by
// default of the process: whether it is ready) and ends with 0 when that is SERVING. Without an address it asks the first of this
// machine's usual ports that anybody listens on. Plain JavaScript without a package, so that a container's health costs some
// 50 ms each time.
import { connect } from 'node:http2';

const TIMEOUT_MS = 3_000;
/** Brokers' clients, coordinators, connector workers. */
const USUAL = ['127.0.0.1:9092', '127.0.0.1:9093', '127.0.0.1:8084'];
/** HealthCheckResponse.ServingStatus by number. */
const STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

const [address, name = ''] = process.argv.slice(2);

function end(status) {
  process.stdout.write(`${status}\n`);
  process.exit(status === 'SERVING' ? 0 : 1);
}

/** A message of gRPC: not compressed, four bytes of length; within it field 1, the name. */
function request() {
  const text = Buffer.from(name);
  const message = text.length === 0 ? text : Buffer.concat([Buffer.from([0x0a, text.length]), text]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function ask([first, ...others]) {
  const session = connect(`http://${first}`);
  session.on('error', (error) => {
    if (error.code === 'ECONNREFUSED' && others.length > 0) ask(others);
    else end(error.message);
  });
  const call = session.request({
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Check',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const chunks = [];
  let trailers = {};
  call.on('response', (headers) => {
    trailers = headers; // an error without a message has its status here
  });
  call.on('trailers', (headers) => {
    trailers = headers;
  });
  call.on('data', (chunk) => chunks.push(chunk));
  call.on('error', () => {}); // the session says it, too
  call.on('end', () => {
    const status = trailers['grpc-status'];
    if (status === undefined) return;
    const message = Buffer.concat(chunks).subarray(5);
    if (status !== '0') end(`status ${status}: ${decodeURIComponent(trailers['grpc-message'] ?? '')}`);
    // Field 1 as a varint; absent it is 0.
    else end(STATUSES[message[0] === 0x08 ? (message[1] ?? 0) : 0] ?? 'UNKNOWN');
  });
  call.end(request());
}

setTimeout(() => end(`no answer within ${TIMEOUT_MS / 1_000} s`), TIMEOUT_MS).unref();
ask(address === undefined ? USUAL : [address]);
