import type { RestartBudget } from './restart-budget.ts';
import type { RunState } from './run-status.ts';

/**
 * One run on a worker, from when it is wanted to when it is gone.
 *
 * idle → starting → working ⇄ paused; starting, working, paused → waiting (failed, will be started again) → starting;
 * starting, working, paused → failed (a person has to restart it); any → ending → ended.
 */
export type RunPhase =
  | { readonly t: 'idle' }
  | { readonly t: 'starting' }
  | { readonly t: 'working' }
  | { readonly t: 'paused' }
  | { readonly t: 'waiting'; readonly attempt: number }
  | { readonly t: 'failed' }
  | { readonly t: 'ending' }
  | { readonly t: 'ended' };

/** What happens to a run. `exited`: its thread is gone, however that came. */
export type RunEvent =
  | { readonly t: 'start' }
  | { readonly t: 'started' }
  | { readonly t: 'paused' }
  | { readonly t: 'resumed' }
  | { readonly t: 'exited'; readonly cause: string | undefined; readonly nowMs: number; readonly fraction: number }
  | { readonly t: 'restart-due' }
  | { readonly t: 'end' };

/** What is to be done about it, in this order. */
export type RunEffect =
  | { readonly t: 'spawn' }
  | { readonly t: 'end-thread' }
  | { readonly t: 'wait'; readonly delayMs: number }
  | { readonly t: 'tell'; readonly state: RunState; readonly trace: string | undefined };

/** The next phase and what is to be done. Events that mean nothing in a phase change nothing: threads and timers are late at times. */
export function step(phase: RunPhase, event: RunEvent, budget: RestartBudget): readonly [RunPhase, readonly RunEffect[]] {
  switch (event.t) {
    case 'start':
      return phase.t === 'idle' ? [{ t: 'starting' }, [{ t: 'spawn' }]] : [phase, []];
    case 'restart-due':
      return phase.t === 'waiting' ? [{ t: 'starting' }, [{ t: 'spawn' }]] : [phase, []];
    case 'started':
      return phase.t === 'starting' ? [{ t: 'working' }, [tell('RUNNING')]] : [phase, []];
    case 'paused':
      return phase.t === 'starting' || phase.t === 'working' ? [{ t: 'paused' }, [tell('PAUSED')]] : [phase, []];
    case 'resumed':
      return phase.t === 'paused' ? [{ t: 'working' }, [tell('RUNNING')]] : [phase, []];
    case 'exited':
      return exited(phase, event, budget);
    case 'end':
      return end(phase);
  }
}

function exited(
  phase: RunPhase,
  event: Extract<RunEvent, { t: 'exited' }>,
  budget: RestartBudget,
): readonly [RunPhase, readonly RunEffect[]] {
  if (phase.t === 'ending') return [{ t: 'ended' }, []];
  if (phase.t !== 'starting' && phase.t !== 'working' && phase.t !== 'paused') return [phase, []];
  const trace = event.cause ?? 'the thread ended by itself';
  const verdict = budget.failed(event.nowMs, event.fraction);
  if (verdict.t === 'give-up') {
    const note = verdict.attempts === 0 ? '' : `\n(given up after ${verdict.attempts} restarts)`;
    return [{ t: 'failed' }, [tell('FAILED', `${trace}${note}`)]];
  }
  const { attempt, delayMs } = verdict;
  return [
    { t: 'waiting', attempt },
    [tell('RESTARTING', `restart ${attempt} in ${Math.round(delayMs)} ms: ${trace}`), { t: 'wait', delayMs }],
  ];
}

function end(phase: RunPhase): readonly [RunPhase, readonly RunEffect[]] {
  switch (phase.t) {
    case 'ending':
    case 'ended':
      return [phase, []];
    case 'idle':
    case 'waiting':
    case 'failed':
      return [{ t: 'ended' }, []];
    case 'starting':
    case 'working':
    case 'paused':
      return [{ t: 'ending' }, [{ t: 'end-thread' }]];
  }
}

function tell(state: RunState, trace?: string): RunEffect {
  return { t: 'tell', state, trace };
}
