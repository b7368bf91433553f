import '@moldau/service/process-start';

import { currentProcess, runService } from '@moldau/service';
import { standaloneProcess } from './standalone-process.ts';

const announce = (line: string): void => void process.stdout.write(line);

process.exit(await runService(standaloneProcess(announce), currentProcess()));
