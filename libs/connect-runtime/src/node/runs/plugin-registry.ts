import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type JsonObject, nearestName } from '@moldau/connect';
import { MoldauError } from '@moldau/kernel';
import type {
  ConfigFieldInfo,
  ConfigValue,
  ConverterDefaults,
  PluginClass,
  PluginModule,
  ValidationResult,
} from '../thread/thread-messages.ts';
import { startThread } from './task-thread.ts';

const LIMITS = { memoryMb: 256, stallMs: 60_000 } as const;
/** How long one plugin may take to load; one that spins must not hold up the worker. */
const LOAD_TIMEOUT_MS = 10_000;
const VALIDATE_TIMEOUT_MS = 30_000;
/** Entry files of a folder below the plugin folder, the first that is there. */
const ENTRIES = ['plugin.js', 'plugin.mjs', 'plugin.ts', 'index.js', 'index.mjs', 'index.ts', 'src/index.ts'] as const;

export interface PluginFault {
  readonly plugin: string;
  readonly cause: string;
}

interface Loaded {
  readonly module: PluginModule;
  readonly plugin: PluginClass;
}

/** The classes that connectors may be of: those of built-in packages and of the plugin folder. Their code runs in threads only. */
export class PluginRegistry {
  readonly #classes = new Map<string, Loaded>();
  readonly #faults: PluginFault[] = [];

  /** Loads all once, to learn their names; a plugin that throws or spins becomes a fault, and the others are there. */
  async load(builtIn: readonly PluginModule[], folder: string | undefined): Promise<void> {
    let left = [...builtIn, ...(folder === undefined ? [] : await this.#modulesIn(folder))];
    while (left.length > 0) left = await this.#loadSome(left);
  }

  get classes(): readonly PluginClass[] {
    return [...new Set([...this.#classes.values()].map(({ plugin }) => plugin))].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  get faults(): readonly PluginFault[] {
    return this.#faults;
  }

  /** Settings of a class; undefined when it is not known here. */
  fieldsOf(className: string): readonly ConfigFieldInfo[] | undefined {
    return this.#classes.get(className)?.plugin.fields;
  }

  /** By name or alias. @throws MoldauError PLUGIN_NOT_FOUND */
  find(className: string): Loaded {
    const found = this.#classes.get(className);
    if (found !== undefined) return found;
    const shown = className.slice(0, 200);
    const known = this.classes.map(({ name }) => name).join(', ');
    const near = nearestName(className, [...this.#classes.keys()]);
    const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
    const message = `Failed to find any class that implements Connector and which name matches ${shown}${hint}, available connectors are: ${known}`;
    throw new MoldauError('PLUGIN_NOT_FOUND', message, { class: shown });
  }

  /** @throws MoldauError PLUGIN_NOT_FOUND, CONNECTOR_CONFIG_INVALID when the plugin fails at it */
  validate(className: string, config: JsonObject, defaults: ConverterDefaults): Promise<ValidationResult> {
    const { module, plugin } = this.find(className);
    return new Promise((resolve) => {
      let result: ValidationResult | undefined;
      const thread = startThread({ t: 'validate', module, className, config, defaults }, LIMITS, {
        message: (message) => {
          if (message.t === 'validated') result = message.result;
        },
        exited: (cause) => {
          clearTimeout(timer);
          if (result !== undefined) resolve(result);
          else resolve(failedAt(plugin, className, cause ?? `no answer within ${VALIDATE_TIMEOUT_MS} ms`));
        },
      });
      const timer = setTimeout(() => thread.stop(0), VALIDATE_TIMEOUT_MS);
      timer.unref();
    });
  }

  /** Loads until one doesn't end; answers with those after it. */
  #loadSome(modules: readonly PluginModule[]): Promise<PluginModule[]> {
    return new Promise((resolve) => {
      let current = modules[0]?.name ?? '';
      const told = new Set<string>();
      let timer: NodeJS.Timeout | undefined;
      const wait = (): void => {
        clearTimeout(timer);
        timer = setTimeout(() => thread.stop(0), LOAD_TIMEOUT_MS);
      };
      const thread = startThread({ t: 'plugins', modules }, LIMITS, {
        message: (message) => {
          if (message.t === 'loading') current = message.module;
          if (message.t === 'plugin') {
            told.add(message.module.name);
            this.#add(message.module, message.classes);
          }
          if (message.t === 'plugin-fault') {
            told.add(message.module.name);
            this.#faults.push({ plugin: message.module.name, cause: message.cause });
          }
          wait();
        },
        exited: (cause) => {
          clearTimeout(timer);
          const left = modules.filter(({ name }) => !told.has(name));
          if (left.length > 0) this.#faults.push({ plugin: current, cause: cause ?? `did not load within ${LOAD_TIMEOUT_MS} ms` });
          resolve(left.filter(({ name }) => name !== current));
        },
      });
      wait();
    });
  }

  #add(module: PluginModule, classes: readonly PluginClass[]): void {
    for (const plugin of classes) {
      for (const name of [plugin.name, ...plugin.aliases]) {
        const other = this.#classes.get(name);
        if (other === undefined) this.#classes.set(name, { module, plugin });
        else this.#faults.push({ plugin: module.name, cause: `class '${name}' is ${other.module.name}'s already` });
      }
    }
  }

  async #modulesIn(folder: string): Promise<readonly PluginModule[]> {
    const modules: PluginModule[] = [];
    let root: string;
    try {
      root = await realpath(folder);
    } catch {
      this.#faults.push({ plugin: folder, cause: 'the plugin folder does not exist' });
      return [];
    }
    for (const name of (await readdir(root)).sort()) {
      const entry = await entryOf(join(root, name));
      if (entry === undefined) continue;
      const real = await realpath(entry);
      // A link must not lead to code that the operator did not put here.
      if (real.startsWith(root + sep)) modules.push({ name, url: pathToFileURL(real).href });
      else this.#faults.push({ plugin: name, cause: `${entry} leads out of the plugin folder, to ${real}` });
    }
    return modules;
  }
}

async function entryOf(folder: string): Promise<string | undefined> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) return undefined;
  for (const entry of ENTRIES) {
    const path = join(folder, entry);
    if (
      await stat(path).then(
        (found) => found.isFile(),
        () => false,
      )
    )
      return path;
  }
  return undefined;
}

/** The plugin could not say: that is an error of its class, shown with the form. */
function failedAt({ fields }: PluginClass, className: string, cause: string): ValidationResult {
  const value: ConfigValue = { name: 'connector.class', value: className, recommended: [], errors: [`the plugin failed at it: ${cause}`] };
  return { fields, values: [value], errorCount: 1 };
}
