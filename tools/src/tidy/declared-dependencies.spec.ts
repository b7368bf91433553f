import { expect, it } from 'vitest';
import { declaredDependencies, neededDependencies } from '../workspace/imports.ts';
import { readProjects } from '../workspace/projects.ts';

it.each(readProjects().map((project) => [project.folder, project] as const))(
  '%s declares the workspace packages that it imports, and no others; if not, run npm run declare',
  (_folder, project) => {
    expect(declaredDependencies(project.manifest)).toEqual(neededDependencies(project));
  },
);
