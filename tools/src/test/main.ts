import type { CaseResult } from './case-result.ts';
import { type Counts, count, countLine, type Stage, type StageResult } from './stage.ts';
import { STAGES } from './stages.ts';

/**
 * `npm test`: everything that must hold before a change is merged. Each stage prints one line; failures print in full
 * when their stage ends. The last line is the count, and the exit status 1 when anything failed.
 */

/** The whole command ends before this; what has not run by then has failed. */
const TOTAL_MS_MAX = 19 * 60_000;
/** How often a long stage shows that it is alive, for those who watch a log. */
const HEARTBEAT_MS = 60_000;

let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interrupted = true;
  });
}

async function runStage(stage: Stage, timeoutMs: number): Promise<StageResult> {
  if (interrupted) return { passed: false, summary: 'interrupted', output: '' };
  if (timeoutMs <= 0) return { passed: false, summary: 'not run: the time for all stages is used up', output: '' };
  const heartbeat = setInterval(() => process.stdout.write(`     ${stage.name} still runs\n`), HEARTBEAT_MS);
  try {
    return await stage.run(timeoutMs);
  } catch (error) {
    return { passed: false, summary: 'crashed', output: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  } finally {
    clearInterval(heartbeat);
  }
}

function report(stage: Stage, result: StageResult, elapsedMs: number): void {
  const mark = result.passed ? 'ok  ' : 'FAIL';
  const summary = result.summary === '' ? '' : ` (${result.summary})`;
  process.stdout.write(`${mark} ${stage.name}${summary} ${(elapsedMs / 1000).toFixed(1)} s\n`);
  if (!result.passed && result.output !== '') process.stdout.write(`${result.output.trimEnd()}\n`);
  for (const command of result.stragglers ?? []) process.stdout.write(`     killed a process left behind: ${command}\n`);
  for (const skipped of (result.cases ?? []).filter(({ state }) => state === 'skipped'))
    process.stdout.write(`     skipped: ${explain(skipped)}\n`);
}

function explain(skipped: CaseResult): string {
  return `${skipped.name}: ${skipped.reason ?? 'gives no reason'}`;
}

async function main(): Promise<number> {
  const startedAt = performance.now();
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const stage of STAGES) {
    const stageStartedAt = performance.now();
    const result = await runStage(stage, Math.min(stage.timeoutMs, TOTAL_MS_MAX - (stageStartedAt - startedAt)));
    report(stage, result, performance.now() - stageStartedAt);
    count(counts, result);
  }
  process.stdout.write(`${countLine(counts)}\n`);
  return counts.failed === 0 ? 0 : 1;
}

// Nothing may keep the command alive or print after the count.
process.exit(await main());
