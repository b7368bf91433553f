/** Failures that n runs without one leave possible: with 95 % confidence, below this divided by n. */
const RULE_OF_THREE = 3;

/** What so many runs without a failure allow to be said; `count` is their number as the page writes numbers. */
export function ruleOfThree(runs: number, count: string, unit: string): string {
  const rate = ((100 * RULE_OF_THREE) / runs).toPrecision(2);
  return `So the chance of it in ${unit} is below ${RULE_OF_THREE}/${count} = ${rate} % (95 % confidence, rule of three).`;
}
