import type { StandaloneInfo } from './start-standalone.ts';

/** The line that tells of readiness: for people, or as one JSON object. Ends with a line break. */
export function readyMessage(info: StandaloneInfo, output: 'table' | 'json'): string {
  if (output === 'json') return `${JSON.stringify(info)}\n`;
  return (
    `Moldau standalone is ready after ${info.startupMs} ms: clients ${info.address}, admin http://${info.adminAddress}, ` +
    `data ${info.dataDir} (one broker: replication.factor 1, min.insync.replicas 1)\n`
  );
}
