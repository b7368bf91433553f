import { during, paused } from '../nemesis/fault.ts';
import { progress } from '../run/progress.ts';
import { controllerOf } from './leaders.ts';
import { changeMetadata } from './metadata-change.ts';
import { REPLICATED, type Scenario } from './scenario.ts';

/** The controller is paused past its lease, another takes over, and the first wakes up in the middle of its work. */
export const pauseController: Scenario = {
  name: 'T05',
  title: 'the controller is paused, replaced, and wakes up',
  needs: REPLICATED,
  rounds: 5,
  async round(context): Promise<void> {
    const { recorder, round } = context;
    const first = await controllerOf(context);
    await during(recorder, paused([first]), async () => {
      const startedAt = performance.now();
      await controllerOf(context, first);
      context.figure('takeoverMsMax', performance.now() - startedAt);
      await progress(() => recorder.count('ok'));
      await changeMetadata(context, `t05-${round}-paused`);
    });
    await changeMetadata(context, `t05-${round}-awake`);
  },
};
