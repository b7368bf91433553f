import { loadSync } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';

export interface ReflectionOptions {
  /** Folder from which the files import each other. */
  readonly protoRoot: string;
  /** Files relative to it. */
  readonly files: readonly string[];
}

/** Answers questions about the API itself, so that tools need no .proto files. Reads the files at once. */
export function createReflection(options: ReflectionOptions): ReflectionService {
  return new ReflectionService(
    loadSync([...options.files], { includeDirs: [options.protoRoot], keepCase: true, longs: String, enums: String }),
  );
}
