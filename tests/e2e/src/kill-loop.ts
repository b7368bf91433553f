import { parseArgs } from 'node:util';
import { runKillLoop } from './kill/run-kill-loop.ts';

/**
 * `npm run test:chaos -- --kills 100`: kill -9 under load, again and again; every acknowledged record must be read back
 * byte-identical. Ends with status 1 when anything is wrong.
 */
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    flush: { type: 'string', default: 'sync' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const kills = Number(values.kills);
const seed = Number(values.seed);
const modes = ['sync', 'async'] as const;
const flush = modes.find((mode) => mode === values.flush);
if (!Number.isSafeInteger(kills) || kills < 1 || !Number.isSafeInteger(seed) || flush === undefined) {
  process.stderr.write('usage: kill-loop [--kills N] [--flush sync|async] [--seed N]\n');
  process.exit(2);
}
process.stdout.write(`kill -9 ${kills} times under load, flush=${flush}, seed ${seed}\n`);
const result = await runKillLoop({ kills, flush, seed, report: (line) => void process.stdout.write(`${line}\n`) });
const { anomalies, ...figures } = result;
process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`);
for (const anomaly of anomalies.slice(0, 100)) process.stdout.write(`${JSON.stringify(anomaly)}\n`);
process.stdout.write(
  anomalies.length === 0 ? 'every acknowledged record was read back as it was sent\n' : `${anomalies.length} anomalies\n`,
);
process.exitCode = anomalies.length === 0 ? 0 : 1;
