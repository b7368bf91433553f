export { DISK_CONTRACT, type DiskContractCase } from './disk/disk-contract.ts';
export { DiskFaults, type DiskOperation, type InjectedFault } from './disk/disk-faults.ts';
export type { DiskHold, DiskLatency } from './disk/disk-queue.ts';
export { SimDisk, type SimDiskOptions, type SimDiskStats } from './disk/sim-disk.ts';
export { SeededRandom } from './random/seeded-random.ts';
