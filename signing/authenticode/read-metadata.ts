import type { FileHandle } from 'node:fs/promises'
import { SigningError } from '../signing-error.ts'
import { readRange } from './byte-blocks.ts'
import { readVersionStrings } from './version-info.ts'

/** Bytes of the largest version resource that is read, and of the largest table of resources. */
const resourceLimit = 64 * 1024
const entryLimit = 4096
/** Version resources of a file, of all languages. */
const resourceCountLimit = 64
/** RT_VERSION */
const versionType = 16

/** Where a section is in memory and in the file. */
interface Section {
  readonly address: number
  readonly size: number
  readonly offset: number
}

/** Reads a part of the file; `undefined` where it has none. */
type ReadPart = (offset: number, length: number) => Promise<Buffer | undefined>

/**
 * Reads what a PE file says of itself in its version resources (PE format, ".rsrc section"; VS_VERSIONINFO), in bounded steps. What
 * cannot be read counts as not there: the headers were checked before.
 *
 * @param size bytes of the file
 * @returns by the names of restrictions in artifact configurations, such as `product-name`
 */
export async function readPeMetadata(handle: FileHandle, size: number): Promise<Readonly<Record<string, string>>> {
  const read: ReadPart = async (offset, length) =>
    offset + length > size ? undefined : await readRange({ handle, size, start: Buffer.alloc(0) }, offset, length)
  const found = new Map<string, string[]>()
  try {
    for (const resource of await versionResources(read))
      for (const [name, texts] of readVersionStrings(resource)) {
        const known = found.get(name) ?? []
        found.set(name, [...known, ...texts.filter((text) => !known.includes(text))])
      }
  } catch (error) {
    // A RangeError is a number in the file that leads out of a table.
    if (error instanceof SigningError || !(error instanceof RangeError)) throw error
  }
  return Object.fromEntries([...found].map(([name, texts]) => [name, texts.join(' | ')]))
}

async function versionResources(read: ReadPart): Promise<readonly Buffer[]> {
  const tables = await locate(read)
  if (tables === undefined) return []
  const { sections, resources } = tables
  const root = offsetOf(sections, resources, 1)
  if (root === undefined) return []
  const types = await entriesAt(read, root)
  const names = await below(
    read,
    root,
    types.filter(({ id }) => id === versionType),
  )
  const languages = await below(read, root, names)
  const found: Buffer[] = []
  for (const { target, isTable } of languages.slice(0, resourceCountLimit)) {
    const data = isTable ? undefined : await read(root + target, 16)
    const length = data?.readUInt32LE(4) ?? 0
    const offset = data && offsetOf(sections, data.readUInt32LE(0), length)
    const resource = offset === undefined || length > resourceLimit ? undefined : await read(offset, length)
    if (resource !== undefined) found.push(resource)
  }
  return found
}

/** The sections of a PE file, and the address of its resources. */
async function locate(read: ReadPart) {
  const dos = await read(0, 64)
  const peAt = dos?.readUInt32LE(0x3c) ?? 0
  const coff = await read(peAt, 24)
  if (coff === undefined) return undefined
  const [sectionCount, optionalSize] = [coff.readUInt16LE(6), coff.readUInt16LE(20)]
  const optional = await read(peAt + 24, optionalSize)
  const table = await read(peAt + 24 + optionalSize, sectionCount * 40)
  if (optional === undefined || table === undefined) return undefined
  // Entry 2 of the data directories.
  const directory = (optional.readUInt16LE(0) === 0x10b ? 96 : 112) + 2 * 8
  const sections: Section[] = Array.from({ length: sectionCount }, (_, index) => ({
    address: table.readUInt32LE(index * 40 + 12),
    size: table.readUInt32LE(index * 40 + 16),
    offset: table.readUInt32LE(index * 40 + 20),
  }))
  return { sections, resources: optional.readUInt32LE(directory) }
}

function offsetOf(sections: readonly Section[], address: number, length: number): number | undefined {
  const section = sections.find((each) => address >= each.address && address + length <= each.address + each.size)
  return section && section.offset + (address - section.address)
}

/** IMAGE_RESOURCE_DIRECTORY_ENTRY. */
interface ResourceEntry {
  readonly id: number
  /** Whether it leads to another table, or to data; `target` is where, from the beginning of the resources. */
  readonly isTable: boolean
  readonly target: number
}

async function entriesAt(read: ReadPart, at: number): Promise<readonly ResourceEntry[]> {
  const head = await read(at, 16)
  if (head === undefined) return []
  const count = head.readUInt16LE(12) + head.readUInt16LE(14)
  const table = count > entryLimit ? undefined : await read(at + 16, count * 8)
  if (table === undefined) return []
  return Array.from({ length: count }, (_, index) => {
    const target = table.readUInt32LE(index * 8 + 4)
    return { id: table.readUInt32LE(index * 8), isTable: target >= 0x80000000, target: target % 0x80000000 }
  })
}

async function below(
  read: ReadPart,
  root: number,
  entries: readonly ResourceEntry[],
): Promise<readonly ResourceEntry[]> {
  const found: ResourceEntry[] = []
  for (const { isTable, target } of entries.slice(0, resourceCountLimit))
    if (isTable) found.push(...(await entriesAt(read, root + target)))
  return found
}
