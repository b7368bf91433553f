import type { RunResult } from './run-seed.ts';

/** What the runner keeps of a run: small enough to be handed between processes. */
export type SeedReport = Pick<
  RunResult,
  'seed' | 'findings' | 'hash' | 'faults' | 'events' | 'simulatedMs' | 'acknowledged' | 'failed' | 'unknown' | 'replicasRead'
> & {
  /** Replicas of each partition. */
  readonly factor: number;
  /** CPU time that the run took, in ms. */
  readonly cpuMs: number;
};

/** What a run has to be to count in the results. */
export const COUNTED = { simulatedMsMin: 10_000, recordsMin: 500, faultsMin: 3 };

/** Whether it was long enough, with enough records and faults, and every replica was read at its end. */
export function countsAsRun({ simulatedMs, acknowledged, failed, unknown, faults, replicasRead }: SeedReport): boolean {
  const long = simulatedMs >= COUNTED.simulatedMsMin && acknowledged + failed + unknown >= COUNTED.recordsMin;
  return long && faults >= COUNTED.faultsMin && replicasRead;
}

/** The sums over many runs. */
export interface Totals {
  runs: number;
  broken: number;
  acknowledged: number;
  failed: number;
  unknown: number;
  faults: number;
  events: number;
  simulatedMs: number;
  cpuMs: number;
}

export function newTotals(): Totals {
  return { runs: 0, broken: 0, acknowledged: 0, failed: 0, unknown: 0, faults: 0, events: 0, simulatedMs: 0, cpuMs: 0 };
}

export function addReport(totals: Totals, report: SeedReport): void {
  totals.runs += 1;
  if (report.findings.length > 0) totals.broken += 1;
  for (const key of ['acknowledged', 'failed', 'unknown', 'faults', 'events', 'simulatedMs', 'cpuMs'] as const) totals[key] += report[key];
}

/** The totals in one line. */
export function describeTotals(totals: Totals): string {
  const perMinute = totals.cpuMs === 0 ? 0 : Math.round((totals.runs * 60_000) / totals.cpuMs);
  return [
    `${totals.runs} runs of ${(totals.simulatedMs / 1000 / totals.runs).toFixed(1)} simulated seconds`,
    `${totals.acknowledged} records acknowledged, ${totals.failed} refused, ${totals.unknown} unknown`,
    `${totals.faults} faults`,
    `${perMinute} runs a minute of CPU`,
  ].join('; ');
}

/** How far a campaign is, in one line; `elapsedMs` of real time since its start. */
export function describeProgress({ runs, broken, cpuMs }: Totals, seeds: number, elapsedMs: number): string {
  const done = `${runs} of ${seeds} runs, ${broken} with findings`;
  if (runs === 0) return done;
  const minutesLeft = ((seeds - runs) * elapsedMs) / runs / 60_000;
  const rate = `${Math.round((runs * 60_000) / elapsedMs)} a minute, ${Math.round((runs * 60_000) / cpuMs)} a minute of CPU`;
  return `${done}; ${rate}; ${minutesLeft < 1 ? 'less than a minute' : `${Math.round(minutesLeft)} min`} left`;
}

/** A run that found something, with the command that replays it. */
export function describeBroken(report: SeedReport, more: readonly string[]): string {
  const findings = report.findings.slice(0, 5).map(({ name, detail }) => `  ${name}: ${detail}`);
  const rest = report.findings.length - findings.length;
  return [
    `seed ${report.seed} found ${report.findings.length}:`,
    ...findings,
    ...(rest > 0 ? [`  and ${rest} more`] : []),
    `  npm run test:simulation -- --seed ${report.seed} --trace${more.map((one) => ` ${one}`).join('')}`,
  ].join('\n');
}
