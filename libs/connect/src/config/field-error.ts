/** What is wrong with one setting. The message names the value and the limit, and never a secret. */
export interface FieldError {
  /** The setting's name. */
  readonly field: string;
  readonly message: string;
}
