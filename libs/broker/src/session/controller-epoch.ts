import { type ControllerEpoch, controllerEpoch, type Disk, DiskError, MoldauError } from '@moldau/kernel';

const FILE_NAME = 'controller-epoch';
/** A number below 2⁵³ and a line end. */
const FILE_BYTES_MAX = 17;
const NUMBER = /^(0|[1-9][0-9]*)\n$/;

/**
 * The highest controller epoch that this data directory has seen, kept across restarts: what a deposed controller says
 * is refused. The file `controller-epoch` holds the number in decimal and a line end; it is replaced by renaming.
 */
export class SeenControllerEpoch {
  readonly #disk: Disk;
  readonly #directory: string;
  #highest: ControllerEpoch;
  /** Highest that is on the disk. */
  #durable: number;
  #writing: Promise<void> = Promise.resolve();

  private constructor(disk: Disk, directory: string, highest: ControllerEpoch) {
    this.#disk = disk;
    this.#directory = directory;
    this.#highest = highest;
    this.#durable = highest;
  }

  /** @throws MoldauError DATA_DIRECTORY_UNUSABLE when the file can't be read or holds no epoch */
  static async open(disk: Disk, directory: string): Promise<SeenControllerEpoch> {
    const text = await readText(disk, `${directory}/${FILE_NAME}`);
    if (text === undefined) return new SeenControllerEpoch(disk, directory, controllerEpoch(0));
    const value = NUMBER.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value)) return new SeenControllerEpoch(disk, directory, controllerEpoch(value));
    const path = `${directory}/${FILE_NAME}`;
    throw new MoldauError('DATA_DIRECTORY_UNUSABLE', `${path} holds no controller epoch; an operator must look at it`, { path });
  }

  get highest(): ControllerEpoch {
    return this.#highest;
  }

  /**
   * Refuses a lower epoch than was seen; settles once a higher one is durable. What could not be written, on a full disk say, is
   * written with the next call.
   *
   * @throws MoldauError FENCED_CONTROLLER; DiskError
   */
  async admit(epoch: number): Promise<void> {
    if (epoch < this.#highest) {
      const facts = { value: String(epoch), limit: String(this.#highest) };
      throw new MoldauError('FENCED_CONTROLLER', `a controller of epoch ${epoch} speaks; epoch ${this.#highest} was seen`, facts);
    }
    if (epoch > this.#highest) this.#highest = controllerEpoch(epoch);
    if (epoch <= this.#durable) return;
    const write = (): Promise<void> => this.#makeDurable(epoch);
    this.#writing = this.#writing.then(write, write);
    await this.#writing;
  }

  async #makeDurable(epoch: number): Promise<void> {
    if (epoch <= this.#durable) return;
    const highest = this.#highest;
    await this.#write(highest);
    this.#durable = highest;
  }

  async #write(epoch: number): Promise<void> {
    const path = `${this.#directory}/${FILE_NAME}`;
    const temporary = `${path}.tmp`;
    await removeIfThere(this.#disk, temporary);
    const file = await this.#disk.open(temporary, 'create');
    try {
      await file.write([Buffer.from(`${epoch}\n`, 'latin1')], 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#disk.rename(temporary, path);
    await this.#disk.syncDirectory(this.#directory);
  }
}

async function readText(disk: Disk, path: string): Promise<string | undefined> {
  if ((await disk.stat(path)) === undefined) return undefined;
  const file = await disk.open(path, 'read');
  try {
    const bytes = Buffer.alloc(FILE_BYTES_MAX + 1);
    const length = await file.read(bytes, 0);
    return bytes.toString('latin1', 0, length);
  } finally {
    await file.close();
  }
}

async function removeIfThere(disk: Disk, path: string): Promise<void> {
  try {
    await disk.removeFile(path);
  } catch (caught) {
    if (!(caught instanceof DiskError) || caught.kind !== 'not-found') throw caught;
  }
}
