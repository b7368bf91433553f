import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SERVICES } from '@moldau/service';
import { type JsonSchema, readChartValues, valuesSchema, valuesTable } from './chart-values.ts';

const CHART = 'helm/moldau';
const BEGIN = '<!-- values: made by npm run generate from values.yaml -->';
const END = '<!-- end of values -->';

/** Settings that the chart itself gives, by service: another value would break what it builds. */
const OWN_SETTINGS: Readonly<Record<string, readonly string[]>> = {
  broker: [
    'brokerId',
    'dataDir',
    'coordinators',
    'clientHost',
    'clientPort',
    'clientAdvertisedHost',
    'internalHost',
    'internalPort',
    'internalAdvertisedHost',
    'adminHost',
    'adminPort',
  ],
  coordinator: [
    'clusterName',
    'etcdEndpoints',
    'etcdUsername',
    'etcdPassword',
    'coordinatorId',
    'internalHost',
    'internalPort',
    'internalAdvertisedHost',
    'adminHost',
    'adminPort',
  ],
  connectorWorker: [
    'bootstrap',
    'workerId',
    'restHost',
    'restPort',
    'restAdvertisedHost',
    'restAdvertisedPort',
    'grpcHost',
    'grpcPort',
    'adminHost',
    'adminPort',
  ],
};

/** What the chart ships of `deploy`, since a chart can hold only its own files: from, to. */
const COPIES = [
  ['deploy/grafana/dashboards', 'files/dashboards'],
  ['deploy/prometheus/rules.yaml', 'files/rules.yaml'],
] as const;

/** Writes what the chart has of other files: the schema of its values, their table in its README, dashboards and rules. */
export function generateChart(root: string): void {
  const chart = join(root, CHART);
  const values = readChartValues(readFileSync(join(chart, 'values.yaml'), 'utf8'), settingsSchema);
  writeFileSync(join(chart, 'values.schema.json'), `${JSON.stringify(valuesSchema(values), null, 2)}\n`);
  const readme = join(chart, 'README.md');
  writeFileSync(readme, withTable(readFileSync(readme, 'utf8'), valuesTable(values)));
  rmSync(join(chart, 'files'), { recursive: true, force: true });
  mkdirSync(join(chart, 'files'));
  for (const [from, to] of COPIES) if (existsSync(join(root, from))) cpSync(join(root, from), join(chart, to), { recursive: true });
}

function withTable(page: string, table: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${CHART}/README.md has no place for the table of values`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${table}\n\n${page.slice(end)}`;
}

/** The settings of a service's process that are for users of the chart. Their limits are checked by the process, which names all faults. */
function settingsSchema(service: string): JsonSchema {
  const settings = SERVICES[service as keyof typeof SERVICES];
  const own = OWN_SETTINGS[service];
  if (settings === undefined || own === undefined) throw new Error(`values.yaml: there is no service ${service}`);
  const unknown = own.filter((name) => settings[name] === undefined);
  if (unknown.length > 0) throw new Error(`the chart sets ${unknown.join(', ')} of ${service}, which are no settings`);
  const properties = Object.entries(settings).flatMap(([name, { doc, limit }]) =>
    own.includes(name) ? [] : [[name, { description: `${doc} ${limit}`, type: ['string', 'integer', 'boolean'] }] as const],
  );
  return { type: 'object', additionalProperties: false, properties: Object.fromEntries(properties) };
}
