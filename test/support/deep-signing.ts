import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { parseConfiguration } from '../../artifacts/configuration/index.ts'
import {
  changes,
  type DryRunMeans,
  dryRun,
  inspectArtifact,
  numbered,
  openFolderStore,
  signTree,
  type TreeNode,
  verifyTree,
} from '../../artifacts/index.ts'
import { planTree, type TreeFacts } from '../../artifacts/planner/plan-tree.ts'
import type { MadeSignature, PlanNodeContent, Sha256Digest } from '../../domain/index.ts'
import { FilePasses } from '../../signing/file-passes/index.ts'
import { signatureFormats } from '../../signing/formats.ts'
import type { TestIdentity } from './openssl.ts'
import { usualTrees } from './tree-planning.ts'

/** An artifact, and what says what is signed inside of it. */
export type DeepWork = {
  readonly fileName: string
  /** Its bytes, or what the store has of it. */
  readonly bytes: Uint8Array | StoredBytes
  /** What stands in `artifact-configuration`. */
  readonly configuration: string
  readonly parameters?: Readonly<Record<string, string>>
  readonly facts?: Partial<TreeFacts>
}

/** Bytes that are in the store. */
export type StoredBytes = { readonly sha256: Sha256Digest; readonly size: number }

/** What has become of an artifact. */
export type DeeplySigned = {
  readonly plan: readonly PlanNodeContent[]
  readonly bytes: Buffer
  readonly files: readonly { readonly path: readonly string[]; readonly signatures: readonly MadeSignature[] }[]
}

/** An artifact configuration with this content. */
export function configurationText(content: string): string {
  return `<?xml version="1.0" encoding="utf-8"?>\n<artifact-configuration xmlns="http://signpath.io/artifact-configuration/v1">\n${content}\n</artifact-configuration>\n`
}

/** Plans and signs artifacts by configurations, with a key in memory and no service. */
export async function deepSigningIn(folder: string, signer: TestIdentity) {
  const store = await openFolderStore({ path: join(folder, 'store'), maximumSize: 16 * 1024 ** 3 })
  const passes = new FilePasses(2)
  const { certificateChain, ...means } = {
    key: signer.key as never,
    certificateChain: signer.chain,
    timestamps: undefined,
    now: () => new Date(),
  }

  async function stored(bytes: DeepWork['bytes']): Promise<StoredBytes> {
    if (!(bytes instanceof Uint8Array)) return bytes
    return store.put(
      (async function* () {
        yield bytes
      })(),
    )
  }

  async function withTree<Result>(
    work: DeepWork,
    copy: boolean,
    use: (tree: TreeNode, folder: string) => Promise<Result>,
  ) {
    const { sha256: documentDigest } = await stored(Buffer.from(configurationText(work.configuration)))
    const artifact = { fileName: work.fileName, ...(await stored(work.bytes)) }
    const scratch = join(folder, randomUUID())
    mkdirSync(scratch)
    const configuration = {
      artifactConfigurationId: randomUUID() as never,
      version: 1,
      documentDigest,
      parameters: work.parameters ?? {},
    }
    const facts: TreeFacts = {
      ...usualTrees,
      ...{ formats: signatureFormats, store, passes, artifact, configuration },
      ...{ keyAlgorithm: signer.key.algorithm, timestamp: 'none', existingSignatures: 'replace', at: new Date() },
      ...work.facts,
    }
    return planTree(facts, { folder: scratch, copy }, (tree) => use(tree, scratch))
  }

  function signed<Result>(
    work: DeepWork,
    between: (path: string) => void,
    use: (result: {
      readonly tree: TreeNode
      readonly path: string
      readonly verified: Awaited<ReturnType<typeof verifyTree>>
    }) => Promise<Result>,
  ): Promise<Result> {
    return withTree(work, true, async (tree, scratch) => {
      const parts = { ...usualTrees, folder: scratch, passes, atOnce: 4, means: { certificateChain, ...means } }
      const made = await signTree(parts, tree)
      between(made.get(tree)?.path ?? '')
      const verified = await verifyTree(parts, tree, made, async ({ node, directives, file, signatures }) => {
        if (signatures.length > 0) {
          const trust = { certificateChain, trustedTimestampCertificates: undefined, at: new Date() }
          const made = []
          for (const [index, directive] of directives.entries()) {
            const kind = usualTrees.detached.find(({ definition }) => definition.name === directive.directive)
            made.push(await kind?.verify(file, signatures[index] as never, { directive, ...trust }, { passes }))
          }
          return made.map((found) => ({ directive: found?.directive ?? '', timestamp: null }))
        }
        const found = await node.format?.verify(
          file.handle,
          {
            fileName: file.name,
            directives,
            kept: [],
            certificateChain,
            trustedTimestampCertificates: undefined,
            at: new Date(),
          },
          { passes },
        )
        return (found ?? []).map(({ directive }) => ({ directive, timestamp: null }))
      })
      return use({ tree, path: made.get(tree)?.path ?? '', verified })
    })
  }

  async function withSample<Result>(
    { fileName: name, bytes }: Pick<DeepWork, 'fileName' | 'bytes'>,
    use: (means: DryRunMeans, file: Parameters<typeof inspectArtifact>[1]) => Promise<Result>,
  ): Promise<Result> {
    const scratch = join(folder, randomUUID())
    mkdirSync(scratch)
    const { path, size } = await store.open((await stored(bytes)).sha256)
    const handle = await open(path)
    const place = { name: 'The folder', full: 'ARTIFACT_STORE_FULL', unavailable: 'ARTIFACT_STORE_UNAVAILABLE' }
    const rules = { keyAlgorithm: signer.key.algorithm, timestamp: 'none', existingSignatures: 'replace' } as const
    const means = { ...usualTrees, ...rules, formats: signatureFormats, passes, folder: scratch, place, at: new Date() }
    try {
      return await use(means, { handle, size, name })
    } finally {
      await handle.close()
    }
  }

  return {
    store,
    passes,
    async close() {
      await passes.close()
      await store.close()
    },

    /** The nodes of the plan, as the worker finds them. */
    plan: (work: DeepWork): Promise<readonly PlanNodeContent[]> =>
      withTree(work, false, async (tree) => [...numbered(tree).keys()].map(({ content }) => content)),

    /** What a configuration would do, with all that is wrong. */
    dryRun: (work: DeepWork) =>
      withSample(work, async (means, file) => {
        const parsed = parseConfiguration(configurationText(work.configuration))
        if (parsed.kind === 'errors') throw new Error(parsed.errors[0]?.message)
        return dryRun(means, parsed.configuration.root, file)
      }),

    inspect: (fileName: string, bytes: DeepWork['bytes']) =>
      withSample({ fileName, bytes }, (means, file) => inspectArtifact(means, file)),

    /** Signs and verifies, as the signer does. */
    sign: (work: DeepWork, between: (path: string) => void = () => undefined): Promise<DeeplySigned> =>
      signed(work, between, async ({ tree, path, verified }) => {
        const nodes = [...numbered(tree).keys()]
        return {
          plan: nodes.map(({ content }) => content),
          bytes: readFileSync(path),
          files: nodes.filter(changes).map((node) => ({
            path: node.content.path,
            signatures: verified.get(node)?.signatures ?? [],
          })),
        }
      }),

    /** The same of an artifact that is larger than memory: what becomes of it is not read. */
    signLarge: (work: DeepWork): Promise<void> =>
      signed(
        work,
        () => undefined,
        async () => undefined,
      ),
  }
}
