/** A row of the topic `airports`, under its IATA code. */
export interface Airport {
  readonly name: string;
  readonly city: string;
  readonly state: string;
}
