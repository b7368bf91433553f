import { describe, expect, it } from 'vitest';
import { EXIT_CODES } from './exit-code.ts';
import { moldau } from './testing/moldau.ts';

describe('moldau', () => {
  it('prints its help with the exit codes', async () => {
    const { code, out } = await moldau(['--help']);
    expect(code).toBe(EXIT_CODES.ok.code);
    expect(out).toContain('standalone');
    expect(out).toContain('no broker answered');
  });

  it.each([
    [['nonsense'], "unknown command 'nonsense'"],
    [['topic', 'create'], "missing required argument 'name'"],
    [['topic', 'create', 'x', '--partitions', '0'], "'0' is not a whole number from 1 to 10000"],
    [['topic', 'create', 'x', '--config', 'retention'], "'retention' is not NAME=VALUE"],
    [['consume', 'x', '--from', 'yesterday'], "'yesterday' is not earliest"],
    [['produce', 'x', '--acks', '2'], "'2' is not 0, 1 or all"],
    [['produce', 'x', '--compression', 'rar'], 'Allowed choices are none, gzip'],
    [['perf', 'produce'], "required option '--topic <name>' not specified"],
    [['log', 'dump', 'x.log'], 'not named like a segment'],
    [['log', 'dump'], "missing required argument 'file'"],
    [['log', 'repair'], "missing required argument 'directory'"],
    [['topic', 'list', '--bootstrap', 'nowhere'], 'host:port'],
    [['cluster', 'up', '--etcd', '2'], "'2' is not 1 or 3"],
    [['cluster', 'up', '--brokers', '0'], "'0' is not a whole number from 1 to 32"],
    [['partition', 'describe'], "missing required argument 'topic'"],
    [['consume', 'x', '--format', '%v %z'], "unknown field '%z'"],
    [['topic', 'list', '--output', 'xml'], 'Allowed choices are table, json'],
  ])('refuses %j and says why', async (argv, message) => {
    const { code, err } = await moldau(argv);
    expect(err).toContain(message);
    expect(code).toBe(EXIT_CODES.usage.code);
  });

  it('says that no broker answers, where it looked, and ends with its own exit code', async () => {
    const { code, err } = await moldau(['topic', 'list', '--bootstrap', '127.0.0.1:1', '--timeout', '2000']);
    expect(err).toContain('127.0.0.1:1');
    expect(err).toContain('moldau standalone --data');
    expect(code).toBe(EXIT_CODES.unreachable.code);
  });

  it('has help for every command, by name', async () => {
    const { code, out } = await moldau(['help', 'topic', 'create']);
    expect(code).toBe(EXIT_CODES.ok.code);
    expect(out).toContain('Usage: moldau topic create');
    expect((await moldau(['help'])).out).toContain('Exit codes:');
    expect(await moldau(['help', 'topic', 'crate'])).toMatchObject({ code: EXIT_CODES.usage.code });
  });

  it.each(['bash', 'zsh', 'fish'])('prints a completion script for %s that knows the commands', async (shell) => {
    const { code, out } = await moldau(['completion', shell]);
    expect(code).toBe(EXIT_CODES.ok.code);
    expect(out).toContain('add-partitions');
  });
});
