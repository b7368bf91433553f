import { currentProcess, runService } from '@moldau/service';
import { COORDINATOR_PROCESS } from './coordinator-process.ts';

process.exit(await runService(COORDINATOR_PROCESS, currentProcess()));
