import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'

/** A program that was found in a package. */
export interface FoundProgram {
  readonly path: string
  /** Where it is in its package. */
  readonly name: string
  /** Architecture and kind, such as `x64 driver`. */
  readonly kind: string
  readonly isEfi: boolean
  /** Whether its maker signed it. */
  readonly signed: boolean
  /** SHA-256 of its bytes. */
  readonly sha256: string
}

const machines: Readonly<Record<number, string>> = { 332: 'x86', 34404: 'x64', 43620: 'arm64', 452: 'arm' }
const netDirectory = 14
const certificateDirectory = 4

/** Every PE file below a folder. */
export async function findPrograms(folder: string): Promise<readonly FoundProgram[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const found: FoundProgram[] = []
  for (const entry of entries.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name)
    const bytes = await readFile(path)
    const facts = describe(bytes, entry.name)
    if (facts === undefined) continue
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    found.push({ path, name: relative(folder, path), sha256, ...facts })
  }
  return found
}

function describe(bytes: Buffer, name: string): Pick<FoundProgram, 'kind' | 'isEfi' | 'signed'> | undefined {
  if (bytes.length < 0x100 || bytes.toString('latin1', 0, 2) !== 'MZ') return undefined
  const pe = bytes.readUInt32LE(0x3c)
  const optional = pe + 24
  if (optional + 240 > bytes.length || bytes.toString('latin1', pe, pe + 4) !== 'PE\0\0') return undefined
  const machine = machines[bytes.readUInt16LE(pe + 4)] ?? `machine 0x${bytes.readUInt16LE(pe + 4).toString(16)}`
  const subsystem = bytes.readUInt16LE(optional + 68)
  const directories = optional + (bytes.readUInt16LE(optional) === 0x10b ? 96 : 112)
  const hasDirectory = (index: number) => bytes.readUInt32LE(directories + index * 8 + 4) > 0
  const isEfi = subsystem >= 10 && subsystem <= 13
  const kind = isEfi
    ? 'EFI'
    : subsystem === 1
      ? 'driver'
      : isInstaller(bytes, name)
        ? 'installer'
        : hasDirectory(netDirectory)
          ? '.NET'
          : (bytes.readUInt16LE(pe + 22) & 0x2000) !== 0
            ? 'library'
            : 'program'
  return { kind: `${machine} ${kind}`, isEfi, signed: hasDirectory(certificateDirectory) }
}

/** By the marks of NSIS and Inno Setup, and by names that makers give to installers. */
function isInstaller(bytes: Buffer, name: string): boolean {
  return (
    /\.exe$/i.test(name) && (bytes.includes('Nullsoft') || bytes.includes('Inno Setup') || /setup|install/i.test(name))
  )
}
