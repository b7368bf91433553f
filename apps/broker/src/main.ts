import '@moldau/service/process-start';

import { currentProcess, runService } from '@moldau/service';
import { BROKER_PROCESS } from './broker-process.ts';

process.exit(await runService(BROKER_PROCESS, currentProcess()));
