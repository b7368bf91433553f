import type { SourceDefinition } from '@moldau/connect';
import { type SyslogConfig, syslogConfig } from './syslog-config.ts';
import { SyslogTask } from './syslog-task.ts';

/** Receives syslog. */
export const syslogSource: SourceDefinition<SyslogConfig> = {
  kind: 'source',
  name: 'SyslogSource',
  aliases: ['SyslogSourceConnector', 'io.confluent.connect.syslog.SyslogSourceConnector'],
  version: '0.1.0',
  doc: 'Receives syslog by UDP and TCP, RFC 5424 and RFC 3164. Syslog knows no answers: messages that wait when a worker dies are lost, whatever else holds.',
  config: syslogConfig,
  exactlyOnce: false,
  // A port can be listened at once.
  plan: () => Promise.resolve([{}]),
  start: (config, _settings, context) => SyslogTask.start(config, context),
};
