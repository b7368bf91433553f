import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BROKER_SETTINGS as BROKER_CONFIGS,
  CLUSTER_ONLY_SETTINGS as CLUSTER_CONFIGS,
  type Setting as DynamicSetting,
  describeLimits,
  TOPIC_SETTINGS as TOPIC_CONFIGS,
} from '@moldau/cluster';
import { documentSettings, SERVICES } from '@moldau/service';

/** Where the page stands, relative to the repository. */
export const CONFIGURATION_PAGE = 'docs/configuration.md';

const INTRODUCTION = `<!-- Made by npm run generate from libs/service/src/settings and libs/cluster/src/config. Do not edit. -->

# Configuration

There are two kinds of settings. Those of a **process** are read when it starts: where it listens, where its data lies.
Those of **topics, brokers and the cluster** are changed while it runs, with \`moldau topic config\` or \`AlterConfigs\`, and
have Kafka's names where Kafka has them.

## Settings of processes

Each setting is read, in this order of precedence, from its flag (\`--data-dir DIR\`), its environment variable
(\`MOLDAU_DATA_DIR\`), a YAML or JSON file (\`--config-file FILE\` or \`MOLDAU_CONFIG_FILE\`; one flat map of settings by
their names), else it has its default. A process that finds anything wrong names all of it at once, each setting with its
value, its limit and where it was set, and ends with status 78. An unknown setting is an error; an empty variable of a
setting without a default, which may be left out, counts as not set. A secret is given by
reference only: \`file:PATH\` or \`env:NAME\`.
`;

const DYNAMIC_INTRODUCTION = `
## Settings of topics, brokers and the cluster

A topic's setting that is not set has the cluster's value, where that has one, else the default. A broker's likewise.
Standalone starts with \`default.replication.factor\` and \`min.insync.replicas\` at 1.
`;

/** Writes the page of all settings from their declarations. */
export function generateConfigurationPage(root: string): void {
  writeFileSync(join(root, CONFIGURATION_PAGE), configurationPage());
}

/** The page's text. */
export function configurationPage(): string {
  const services = Object.entries(SERVICES).map(([name, settings]) => `### The ${name}'s process\n\n${documentSettings(settings)}\n`);
  return [
    INTRODUCTION,
    services.join('\n'),
    DYNAMIC_INTRODUCTION,
    `### Topics\n\n${documentDynamic(TOPIC_CONFIGS)}\n`,
    `### Brokers\n\n${documentDynamic(BROKER_CONFIGS)}\n`,
    `### The cluster\n\nBesides these it takes every setting of topics and brokers, as what holds where they have none.\n`,
    `${documentDynamic(CLUSTER_CONFIGS)}\n`,
  ].join('\n');
}

function documentDynamic(settings: readonly DynamicSetting[]): string {
  const rows = [...settings]
    .sort((one, other) => one.name.localeCompare(other.name, 'en'))
    .map((setting) => {
      const cells = [
        `\`${setting.name}\``,
        `${setting.type}: ${describeLimits(setting)}`,
        `\`${setting.defaultValue}\``,
        setting.documentation,
      ];
      return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
    });
  return ['| Setting | Type | Default | Meaning |', '|---|---|---|---|', ...rows].join('\n');
}
