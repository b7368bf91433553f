/** Topics that a task's records went through since the worker was last told. */
export class TopicsInUse {
  #seen = new Set<string>();
  #last: string | undefined;

  /** Records of one topic come together: this costs most of them a comparison. */
  add(topic: string): void {
    if (topic === this.#last) return;
    this.#last = topic;
    this.#seen.add(topic);
  }

  take(): readonly string[] {
    const seen = [...this.#seen];
    if (seen.length > 0) this.#seen = new Set();
    this.#last = undefined;
    return seen;
  }
}
