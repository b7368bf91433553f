import { LOG_LEVELS } from '@moldau/kernel';
import { defaulted, host, integer, oneOf, port } from '../configuration/setting-kinds.ts';

const SHUTDOWN_TIMEOUT_MS_MAX = 600_000;

/** Settings of every process, whatever it serves. */
export const PROCESS_SETTINGS = {
  logLevel: defaulted(oneOf(...LOG_LEVELS), {
    default: 'info',
    doc: 'Least severe level that is logged; can be changed at run time with PUT /loglevel.',
  }),
  logDestination: defaulted(oneOf('stdout', 'stderr'), { default: 'stdout', doc: 'Where the JSON lines of the log go.' }),
  adminHost: defaulted(host(), {
    default: '0.0.0.0',
    doc: 'Address the admin HTTP server listens on: /metrics, /healthz, /readyz, /loglevel.',
  }),
  adminPort: defaulted(port({ free: true }), { default: 9094, doc: 'Port of the admin HTTP server.' }),
  shutdownTimeoutMs: defaulted(integer(1000, SHUTDOWN_TIMEOUT_MS_MAX), {
    default: 30_000,
    unit: 'ms',
    doc: 'Longest graceful shutdown after SIGTERM or SIGINT; what is not done by then is cut off.',
  }),
};
