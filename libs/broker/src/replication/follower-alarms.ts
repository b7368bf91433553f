import type { FollowerAlarm } from '@moldau/replication';

/**
 * Label of an alarm; `truncationRefused`: below the high watermark without leave, `truncationBelowHighWatermark`: with it;
 * `staleRecord`: the metadata would have this broker lead in an epoch older than the log's last batch.
 */
export type ReplicationAlarm = FollowerAlarm['kind'] | 'truncationRefused' | 'staleRecord';

export function alarmKind(alarm: FollowerAlarm): ReplicationAlarm {
  return alarm.kind === 'truncationBelowHighWatermark' && alarm.refused ? 'truncationRefused' : alarm.kind;
}

/** What an operator reads in the log. */
export function alarmText(alarm: FollowerAlarm): string {
  switch (alarm.kind) {
    case 'gap':
      return "a leader's batches do not continue the log";
    case 'noCommonEnd':
      return 'a log parts from its leader where it was cut already, and is left alone';
    case 'truncationBelowHighWatermark':
      return alarm.refused
        ? 'a log parts from its leader below its high watermark, and is left alone'
        : 'a log is cut below its high watermark: its leader was elected at the price of acknowledged records';
  }
}
