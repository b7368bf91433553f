/** URL of the folder with the .proto files, for reflection and for clients built from them. */
export const PROTO_ROOT = new URL('../proto/', import.meta.url);

/** The files of the public API, relative to PROTO_ROOT. */
export const PUBLIC_PROTO_FILES = [
  'moldau/v1/producer.proto',
  'moldau/v1/fetch.proto',
  'moldau/v1/metadata.proto',
  'moldau/v1/admin.proto',
  'moldau/v1/gateway.proto',
  'moldau/v1/group.proto',
  'moldau/v1/transaction.proto',
  'moldau/v1/connector.proto',
] as const;

/** The files of the internal API. */
export const INTERNAL_PROTO_FILES = ['moldau/internal/v1/coordinator.proto', 'moldau/internal/v1/metadata_records.proto'] as const;
