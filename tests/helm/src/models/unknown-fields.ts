import { join } from 'node:path';
import ts from 'typescript';
import type { Manifest } from '../chart.ts';
import { moduleOf } from './kinds.ts';

/**
 * Fields that Kubernetes does not know, and values of wrong types: the models' schemas let unknown fields pass, the compiler does
 * not, so the objects are compiled as literals of the models' interfaces.
 */
export function compilerFaults(manifests: readonly Manifest[], folder: string): readonly string[] {
  const file = join(folder, 'manifests.ts');
  const text = sourceOf(manifests);
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2024,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2024, true) : getSourceFile(name, ...rest);
  host.fileExists = (name) => name === file || fileExists(name);
  const program = ts.createProgram([file], options, host);
  return ts.getPreEmitDiagnostics(program).map((fault) => {
    const line = fault.file === undefined || fault.start === undefined ? 0 : fault.file.getLineAndCharacterOfPosition(fault.start).line;
    return `${ts.flattenDiagnosticMessageText(fault.messageText, '\n')} (${text.split('\n')[line]?.trim() ?? ''})`;
  });
}

function sourceOf(manifests: readonly Manifest[]): string {
  const declarations = manifests.map((manifest, at) => {
    const type = `import('${moduleOf(manifest)}').I${manifest.kind}`;
    return `// ${manifest.kind} ${manifest.metadata.name}\nexport const object${at}: ${type} = ${JSON.stringify(manifest, null, 1)};`;
  });
  return declarations.join('\n');
}
