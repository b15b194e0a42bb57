import { open, rm } from 'node:fs/promises'
import { openZip, type ZipArchive, type ZipEntry } from '../../archives/index.ts'
import type { MadeSignature, Sha256Digest, SigningDirective } from '../../domain/index.ts'
import type { OpenFile } from '../../signing/signature-format.ts'
import { changes, inParallel, type TreeNode, unpackEntries, withPath } from '../planner/index.ts'
import { onDisk, signerScratchPlace } from '../store/disk-error.ts'
import { compareArchives, notAsPlanned } from './compare-archives.ts'
import { fileNameOf } from './sign-tree.ts'
import type { MadeFile, TreeSigner } from './tree-signer.ts'

/** What is verified of a file that was signed. */
export type FileToCheck = {
  readonly node: TreeNode
  readonly directives: readonly SigningDirective[]
  /** Open for reading. */
  readonly file: OpenFile
  /** The signatures that are files of their own, in the order of the directives; none of those that are in the file. */
  readonly signatures: readonly OpenFile[]
}

/** What a node has become. */
export type VerifiedFile = {
  readonly sha256: Sha256Digest
  readonly size: number
  readonly signatures: readonly MadeSignature[]
  readonly outputs: readonly { readonly name: string; readonly sha256: Sha256Digest; readonly size: number }[]
}

/** A file that was unpacked from what was signed. */
type Unpacked = {
  readonly copy: string
  readonly name: string
  readonly sha256: Sha256Digest
  readonly size: number
}

/** How many files of a container are unpacked and verified before the next ones are. */
const filesOfRound = 64

/**
 * Verifies an artifact that was signed, from the outside in: each container is opened again, as anybody would, and compared with what it
 * was; each file in it that was signed is unpacked from there and verified. Nothing that signing left elsewhere is looked at.
 *
 * @param check verifies the signatures of one file, and fails when they are not those of its directives
 * @returns for each node that changed what it has become
 * @throws Refusal `SIGNATURE_NOT_AS_PLANNED`; ArtifactError `ARCHIVE_…`; what `check` throws; the signal's reason
 */
export async function verifyTree(
  signer: Omit<TreeSigner, 'means' | 'detached'>,
  root: TreeNode,
  made: ReadonlyMap<TreeNode, MadeFile>,
  check: (file: FileToCheck) => Promise<readonly MadeSignature[]>,
): Promise<ReadonlyMap<TreeNode, VerifiedFile>> {
  const { passes, signal, onProgress } = signer
  const options = { passes, signal, onProgress }
  const verified = new Map<TreeNode, VerifiedFile>()
  const { path } = made.get(root) ?? {}
  if (path === undefined) return verified
  await withPath(root.content.path, async () => {
    const { sha256, size } = await withOpen(path, '', async ({ handle, size }) => {
      const order = { input: handle.fd, output: undefined, end: size, hashed: true, digestion: undefined }
      const read = await passes.read(order, { signal, onProgress })
      return { sha256: read.sha256 as Sha256Digest, size }
    })
    await verifyNode(root, { copy: path, name: fileNameOf(root), sha256, size }, [])
  })
  return verified

  async function verifyNode(node: TreeNode, unpacked: Unpacked, outputs: readonly Unpacked[]): Promise<void> {
    const { directives = [] } = made.get(node) ?? {}
    const signatures = await withOpen(unpacked.copy, fileNameOf(node), async (file) => {
      if (node.content.kind === 'container') await verifyContainer(node, file)
      if (directives.length === 0) return []
      return withAll(outputs, (opened) => check({ node, directives, file, signatures: opened }))
    })
    const { sha256, size } = unpacked
    verified.set(node, { sha256, size, signatures, outputs: outputs.map(({ copy: _, ...output }) => output) })
    onProgress?.()
  }

  async function verifyContainer(node: TreeNode, file: OpenFile): Promise<void> {
    const changed = node.children.filter(changes)
    const isSigned = node.content.directives.length > 0
    const after = await openZip(file, signer)
    const entries = await withOpen(node.copy ?? '', '', async (original) =>
      compareArchives(
        {
          path: node.content.path,
          before: await openZip(original, signer),
          after,
          replaced: new Set(changed.flatMap(({ content, entry }) => (content.outputs === undefined ? [entry] : []))),
          added: new Set(changed.flatMap(({ content }) => content.outputs ?? [])),
          isOwn: (name) => isSigned && node.format?.ownsEntry?.(name) === true,
        },
        options,
      ),
    )
    const byName = new Map(after.entries.map((entry) => [entry.name, entry]))
    for (let start = 0; start < changed.length; start += filesOfRound) {
      const children = changed.slice(start, start + filesOfRound).map((child) => {
        const places = [entries.get(child.entry), ...(child.content.outputs ?? []).map((name) => byName.get(name))]
        if (places.includes(undefined)) throw notAsPlanned(node.content.path, 'a file that was signed is missing')
        return { child, entries: places as ZipEntry[] }
      })
      await verifyRound(node, after, children)
    }
  }

  /** Verifies some files of a container. The first entry of each is the file, the others are the signatures beside it. */
  async function verifyRound(
    container: TreeNode,
    archive: ZipArchive,
    children: readonly { readonly child: TreeNode; readonly entries: readonly ZipEntry[] }[],
  ): Promise<void> {
    const wanted = children.flatMap(({ entries }) => entries)
    const contents = await withPath(container.content.path, () =>
      unpackEntries({ ...signer, place: signerScratchPlace }, archive, wanted, () => true),
    )
    const unpackedOf = ({ index, name, size }: ZipEntry): Unpacked => {
      const { copy = '', sha256 } = contents.get(index) ?? {}
      return { copy, name, sha256: sha256 as Sha256Digest, size }
    }
    const verify = ({ child, entries }: (typeof children)[number]) => {
      const [file, ...outputs] = entries.map(unpackedOf)
      return withPath(child.content.path, () => verifyNode(child, file as Unpacked, outputs))
    }
    const isContainer = ({ child }: (typeof children)[number]) => child.content.kind === 'container'
    try {
      const files = children.filter((each) => !isContainer(each))
      await inParallel(files, signer.atOnce, verify)
      for (const each of children.filter(isContainer)) await verify(each)
    } finally {
      for (const { copy } of contents.values()) if (copy !== undefined) await rm(copy, { force: true })
    }
  }
}

async function withOpen<Result>(path: string, name: string, use: (file: OpenFile) => Promise<Result>): Promise<Result> {
  const handle = await onDisk('reading a signed file', () => open(path, 'r'), signerScratchPlace)
  try {
    const { size } = await handle.stat()
    return await use({ handle, size, name })
  } finally {
    await handle.close()
  }
}

async function withAll<Result>(
  files: readonly Unpacked[],
  use: (opened: readonly OpenFile[]) => Promise<Result>,
  opened: readonly OpenFile[] = [],
): Promise<Result> {
  const [first, ...rest] = files
  if (first === undefined) return use(opened)
  return withOpen(first.copy, first.name, (file) => withAll(rest, use, [...opened, file]))
}
