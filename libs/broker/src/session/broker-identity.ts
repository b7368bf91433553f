import type { BrokerId, DirectoryId } from '@moldau/kernel';
import type { SupportedLevels } from '@moldau/protocol';

/** Who this broker is; the same for its whole life. */
export interface BrokerIdentity {
  readonly brokerId: BrokerId;
  readonly directoryId: DirectoryId;
  /** Of this life of the process, a UUID. */
  readonly incarnationId: string;
  /** Addresses by listener: `client`, `internal`. */
  readonly endpoints: ReadonlyMap<string, { readonly host: string; readonly port: number }>;
  readonly rack: string | undefined;
  readonly softwareVersion: string;
  readonly features: ReadonlyMap<string, SupportedLevels>;
}
