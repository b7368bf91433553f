import { execFileSync } from 'node:child_process';
import { delimiter, join } from 'node:path';

/** Lints the .proto files, compares them with the released ones, and writes libs/protocol/src/gen anew. */
export function generateProtocol(root: string): void {
  const folder = join(root, 'libs/protocol');
  const bin = join(root, 'node_modules/.bin');
  const environment = { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` };
  for (const command of [['lint'], ['breaking', '--against', 'released.binpb'], ['generate']]) {
    execFileSync(join(bin, 'buf'), command, { cwd: folder, env: environment, stdio: ['ignore', 'inherit', 'inherit'] });
  }
}
