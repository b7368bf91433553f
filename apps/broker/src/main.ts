import './process-start.ts';

import { currentProcess, runService } from '@moldau/service';
import { BROKER_PROCESS } from './broker-process.ts';

process.exit(await runService(BROKER_PROCESS, currentProcess()));
