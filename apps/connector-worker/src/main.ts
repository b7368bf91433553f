import '@moldau/service/process-start';
import { currentProcess, runService } from '@moldau/service';
import { CONNECTOR_WORKER_PROCESS } from './connector-worker-process.ts';

process.exit(await runService(CONNECTOR_WORKER_PROCESS, currentProcess()));
