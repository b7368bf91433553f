export { FakeShard, type FakeShardOptions } from './fake-shard.ts';
