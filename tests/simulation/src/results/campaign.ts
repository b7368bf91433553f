import { countsAsRun, type SeedReport } from '../run/seed-report.ts';

/** Many runs of one state of the code, in one go. */
export interface Campaign {
  /** Day of its first run, as in ISO 8601. */
  readonly date: string;
  /** The commit that ran. */
  readonly commit: string;
  /** Seeds `from` … `to`, both of them too. */
  readonly from: number;
  readonly to: number;
  /** What the command line fixed beside the seeds; empty when the seed decided all. */
  readonly options: string;
  /** Runs that count: long enough, with enough records and faults, and every replica read at the end, or with a finding. */
  readonly runs: number;
  /** The same by replication factor. */
  readonly runsByFactor: Readonly<Record<string, number>>;
  readonly simulatedSeconds: number;
  /** Records by what became of them. */
  readonly acknowledged: number;
  readonly refused: number;
  readonly unknown: number;
  readonly faults: number;
  /** Runs in which it was found, by its name; a run may have several. */
  readonly findings: Readonly<Record<string, number>>;
  /** Runs that found something of the data: anything but that the cluster did not go on. */
  readonly unsafeRuns: number;
}

/** Findings that say that something did not go on, not that anything was lost or wrong. */
const LIVENESS = new Set(['no-progress']);

/** The campaign of one run: all zero but for its seed when the run does not count. */
export function campaignOf(report: SeedReport, where: Pick<Campaign, 'date' | 'commit' | 'options'>): Campaign {
  const counts = countsAsRun(report) || report.findings.length > 0;
  const names = [...new Set(report.findings.map(({ name }) => name))];
  return {
    ...where,
    from: report.seed,
    to: report.seed,
    runs: counts ? 1 : 0,
    runsByFactor: counts ? { [report.factor]: 1 } : {},
    simulatedSeconds: counts ? report.simulatedMs / 1000 : 0,
    acknowledged: counts ? report.acknowledged : 0,
    refused: counts ? report.failed : 0,
    unknown: counts ? report.unknown : 0,
    faults: counts ? report.faults : 0,
    findings: Object.fromEntries(names.map((name) => [name, 1])),
    unsafeRuns: names.some((name) => !LIVENESS.has(name)) ? 1 : 0,
  };
}

/** Both as one: the earlier date, all seeds. */
export function joined(one: Campaign, other: Campaign): Campaign {
  return {
    ...one,
    date: one.date < other.date ? one.date : other.date,
    from: Math.min(one.from, other.from),
    to: Math.max(one.to, other.to),
    runs: one.runs + other.runs,
    runsByFactor: summed(one.runsByFactor, other.runsByFactor),
    simulatedSeconds: one.simulatedSeconds + other.simulatedSeconds,
    acknowledged: one.acknowledged + other.acknowledged,
    refused: one.refused + other.refused,
    unknown: one.unknown + other.unknown,
    faults: one.faults + other.faults,
    findings: summed(one.findings, other.findings),
    unsafeRuns: one.unsafeRuns + other.unsafeRuns,
  };
}

function summed(one: Readonly<Record<string, number>>, other: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
  return Object.fromEntries(names.map((name) => [name, (one[name] ?? 0) + (other[name] ?? 0)]));
}
