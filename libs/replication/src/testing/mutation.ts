/** Rules that the model can be told to break, to see that breaking them is found. */
export const MUTATIONS = {
  noMaximalIsr: 'a proposal does not count until its record comes',
  shrinkAtOnce: 'a proposed ISR counts as if it were committed',
  unknownIsRefused: 'an unknown outcome is taken for a refusal',
  writtenCounts: 'the watermark goes by written ends',
  noMinimum: 'the watermark moves whatever the size of the ISR',
  joinWithoutEpochStart: 'a follower joins with an end below the start of the epoch',
  joinBelowWatermark: 'a follower joins with an end below the watermark',
  joinInOldLife: 'positions of an earlier life count for the present one',
  uncheckedLife: 'the controller does not look at broker epochs',
  uncheckedPartitionEpoch: 'the controller does not look at the partition epoch',
  truncateToWatermark: 'a follower cuts to its watermark, and nobody looks at epochs',
  noEpochCheck: 'a follower takes news of any epoch',
  divergingCounts: 'ends of a follower count before its log was found to agree',
  oneDivergence: 'a follower follows on after its first cut without asking again',
  leadsInOldLife: 'a broker leads in an epoch that an earlier life of it won',
  watermarkBeyondEnd: "a follower takes the leader's watermark beyond its own end",
  acknowledgesReceived: 'a follower tells its received end as flushed',
} as const;

export type Mutation = keyof typeof MUTATIONS;
