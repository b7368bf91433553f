/** An operator that waits for promises, as its task sees it. */
export interface AsyncStage {
  /** Sends on what is finished, in the order of the input; true when anything was. Only the task calls it, between records. */
  drain(): boolean;
  /** As many calls are under way as may be, so the task takes no record. */
  readonly full: boolean;
  readonly pending: number;
  /** Settles when a call that is under way has. */
  settled(): Promise<void>;
  /** Gives up calls that run longer than they may. */
  advanceWall(wallMs: number): void;
  /** Lowest offset of a record of this partition that is not finished; undefined when there is none. */
  unfinished(topic: string, partition: number): number | undefined;
  close(): void;
}
