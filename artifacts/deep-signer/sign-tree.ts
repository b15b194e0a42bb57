import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rm, stat } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { type ExistingSignature, Refusal, type SigningDirective } from '../../domain/index.ts'
import type { SignatureFormat } from '../../signing/signature-format.ts'
import { changes, digestFile, inParallel, matchedText, type TreeNode, withElement, withPath } from '../planner/index.ts'
import { onDisk, signerScratchPlace } from '../store/disk-error.ts'
import { rebuildContainer } from './rebuild-container.ts'
import type { MadeFile, MadeOutput, TreeSigner } from './tree-signer.ts'

/**
 * Signs a tree from the inside out: first the files in which nothing else is signed, as many at once as may be; then the containers of
 * these are put together again and signed, and so on to the artifact. Files that are in containers which are done are removed.
 *
 * @returns what became of each node that was signed or put together again, the artifact among them
 * @throws ArtifactError the codes of formats and archives, with the path of the file at fault; `SIGNER_SCRATCH_…`; whatever key and
 *   time-stamp authority throw; Refusal `SIGNATURE_NOT_AS_PLANNED`; the signal's reason
 */
export async function signTree(signer: TreeSigner, root: TreeNode): Promise<ReadonlyMap<TreeNode, MadeFile>> {
  const made = new Map<TreeNode, MadeFile>()
  for (const nodes of nodesByHeight(root)) {
    await inParallel(nodes, signer.atOnce, async (node) => {
      signer.signal?.throwIfAborted()
      const { path, element } = node.content
      const work = () => signNode(signer, node, made)
      const named = () => (element === null ? work() : withElement(matchedText(element), work))
      made.set(node, await withPath(path, named))
      signer.onProgress?.()
    })
    // What is in a container that is done is in there.
    for (const node of nodes) for (const child of node.children) await removeParts(made.get(child), child)
  }
  return made
}

/** The nodes that change, those first below which nothing does. */
function nodesByHeight(root: TreeNode): readonly (readonly TreeNode[])[] {
  const levels: TreeNode[][] = []
  const visit = (node: TreeNode): number => {
    const height = node.children.filter(changes).reduce((most, child) => Math.max(most, visit(child) + 1), 0)
    levels[height] ??= []
    levels[height].push(node)
    return height
  }
  if (changes(root)) visit(root)
  return levels
}

async function signNode(signer: TreeSigner, node: TreeNode, made: ReadonlyMap<TreeNode, MadeFile>): Promise<MadeFile> {
  const { content, copy, format, children } = node
  if (copy === undefined) throw new Error(`There is no copy of ${content.path.join('/')}.`)
  const isRebuilt = children.some(changes)
  const path = isRebuilt ? await rebuildContainer(signer, node, made) : copy
  if (content.outputs !== undefined) return makeDetached(signer, node, path)
  if (content.directives.length === 0 || format === undefined) return { path, directives: [], outputs: [] }
  // What it was is compared with what it becomes, so the copy of a container stays.
  const work = content.kind === 'container' && !isRebuilt ? await copyOf(signer, path) : path
  return signFile(signer, { node, format, path: work, isRebuilt })
}

async function signFile(
  signer: TreeSigner,
  work: {
    readonly node: TreeNode
    readonly format: SignatureFormat
    readonly path: string
    readonly isRebuilt: boolean
  },
): Promise<MadeFile> {
  const { folder, means, passes, signal, onProgress } = signer
  const { node, format, path, isRebuilt } = work
  const spools: string[] = []
  const spoolPath = () => {
    const spool = `${folder}/${randomUUID()}`
    spools.push(spool)
    return spool
  }
  const options = { passes, signal, onProgress }
  const { directives: planned } = node.content
  let written: FileHandle | undefined
  const handle = await onDisk('opening a copy', () => open(path, 'r+'), signerScratchPlace)
  try {
    const { size } = await handle.stat()
    const file = { handle, size, name: fileNameOf(node) }
    const orders = planned.map(({ directive, attributes }) => ({ directive, attributes }))
    const digested = await digestFile(format, file, orders, options)
    const directives = isRebuilt ? planRebuilt(node, await format.plan(digested, orders, options)) : planned
    written = await format.sign(digested, directives, means, { ...options, spoolPath })
    const result = written === undefined ? path : await pathOfWritten(written, spools)
    for (const spool of spools) if (spool !== result) await rm(spool, { force: true })
    return { path: result, directives, outputs: [] }
  } finally {
    await handle.close()
    await written?.close()
  }
}

/** What was planned of a container holds for what it has become: it has the signatures of the plan, and no others. */
function planRebuilt(
  { content }: TreeNode,
  rebuilt: {
    readonly directives: readonly SigningDirective[]
    readonly existingSignatures: readonly ExistingSignature[]
  },
): readonly SigningDirective[] {
  const named = (signatures: readonly ExistingSignature[]) =>
    signatures.map(({ sha256, outcome }) => ({ sha256, outcome }))
  if (isDeepStrictEqual(named(rebuilt.existingSignatures), named(content.existingSignatures))) return rebuilt.directives
  throw new Refusal(
    'SIGNATURE_NOT_AS_PLANNED',
    `The signatures that ${content.path.join('/')} had are not those of the plan any more since files in it are signed.`,
    { promise: 'the existing signatures' },
  )
}

async function makeDetached(signer: TreeSigner, node: TreeNode, path: string): Promise<MadeFile> {
  const { detached, means, passes, signal, onProgress, folder } = signer
  const { directives, outputs = [] } = node.content
  const made: MadeOutput[] = []
  const handle = await onDisk('opening a copy', () => open(path, 'r'), signerScratchPlace)
  try {
    const { size } = await handle.stat()
    for (const [index, directive] of directives.entries()) {
      const signature = detached.find(({ definition }) => definition.name === directive.directive)
      if (signature === undefined) throw new Error(`There is no ${directive.directive}.`)
      const place = `${folder}/${randomUUID()}`
      const output = await onDisk('writing a signature', () => open(place, 'wx+', 0o600), signerScratchPlace)
      try {
        const file = { handle, size, name: fileNameOf(node) }
        await signature.make(file, directive, means, output, { passes, signal, onProgress })
      } finally {
        await output.close()
      }
      made.push({ name: outputs[index] ?? '', path: place })
    }
    return { path, directives, outputs: made }
  } finally {
    await handle.close()
  }
}

/** The name of a node's file, without folders. */
export function fileNameOf({ content: { path } }: TreeNode): string {
  return (path.at(-1) ?? '').replace(/^.*[/\\]/s, '')
}

async function copyOf({ folder, passes, signal, onProgress }: TreeSigner, path: string): Promise<string> {
  const copy = `${folder}/${randomUUID()}`
  const input = await onDisk('opening a copy', () => open(path, 'r'), signerScratchPlace)
  try {
    const output = await onDisk('copying a file', () => open(copy, 'wx', 0o600), signerScratchPlace)
    try {
      const { size } = await input.stat()
      const order = { input: input.fd, output: output.fd, end: size, hashed: false, digestion: undefined }
      await passes.read(order, { signal, onProgress })
      return copy
    } finally {
      await output.close()
    }
  } finally {
    await input.close()
  }
}

/** A format answers with the file that it has written: which of the places that it was given is it in? */
async function pathOfWritten(written: FileHandle, spools: readonly string[]): Promise<string> {
  const { ino, dev } = await written.stat()
  for (const spool of spools) {
    const found = await stat(spool).catch(() => undefined)
    if (found?.ino === ino && found.dev === dev) return spool
  }
  throw new Error('A format has written a file where it had no place for it.')
}

async function removeParts(made: MadeFile | undefined, { copy, content }: TreeNode): Promise<void> {
  if (made === undefined) return
  // The copy of a container is compared with what became of it.
  const unneeded = content.kind === 'container' ? [] : [copy]
  for (const path of [made.path, ...made.outputs.map((output) => output.path), ...unneeded])
    if (path !== undefined)
      await onDisk('clearing a scratch folder', () => rm(path, { force: true }), signerScratchPlace)
}
