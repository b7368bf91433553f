import { createGrpcServer } from '@moldau/platform-node';
import { adminService, metadataService, unaryHandler } from '@moldau/protocol';
import { createLogger } from '@moldau/service';

/** A broker of a cluster that has no controller, as far as `cluster health` asks. */
export interface LeaderlessServer extends AsyncDisposable {
  readonly address: string;
}

const CLUSTER_ID = '00000000-0000-4000-8000-000000000001';
const HOST = '127.0.0.1';

export async function startLeaderlessServer(): Promise<LeaderlessServer> {
  const server = createGrpcServer({ logger: createLogger({ level: 'error', destination: 'stderr', fields: {} }) });
  const seen = { clusterId: CLUSTER_ID, metadataVersion: 7 };
  const { address } = await server.serve(
    new Map([
      [
        metadataService.getMetadata.path,
        unaryHandler(metadataService.getMetadata, async () => ({ ...seen, brokers: [], topics: [], brokerId: 1 })),
      ],
      [
        adminService.describeCluster.path,
        unaryHandler(adminService.describeCluster, async () => {
          return { ...seen, brokers: [], coordinators: [], features: new Map(), topics: 0, partitions: 0 };
        }),
      ],
      [
        adminService.describePartitions.path,
        unaryHandler(adminService.describePartitions, async () => ({ partitions: [], nextPageToken: '', errors: [] })),
      ],
    ]),
    { name: 'client', host: HOST, port: 0 },
  );
  return { address, [Symbol.asyncDispose]: () => server.shutdown(0) };
}
