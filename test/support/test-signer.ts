import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { buildArtifactFetcher, type SignerDependencies, withAttribution } from '../../activities/index.ts'
import { createUploads, openFolderStore, openSignerScratch, openUploadRegistry } from '../../artifacts/index.ts'
import type { KeyStoreName } from '../../domain/index.ts'
import { type EventLog, openSqliteEventLog, withSignatures, withVerification } from '../../event-log/index.ts'
import { startTimeStampAuthority } from '../../server/embedded/time-stamp-authority.ts'
import { prepareTimeStampAuthority } from '../../server/embedded/time-stamp-authority-identity.ts'
import { FilePasses } from '../../signing/file-passes/index.ts'
import { signatureFormats } from '../../signing/formats.ts'
import type { SignatureFormat } from '../../signing/signature-format.ts'
import { createTimestampClient } from '../../signing/timestamp/index.ts'
import { parseCertificates } from '../../signing/x509/index.ts'
import {
  announcedUploadSource,
  buildArtifactSource,
  createSources,
  earlierRequestSource,
  hashPayloadSource,
  type SourceKind,
  uploadedFileSource,
} from '../../sources/index.ts'
import type { TestInstallation } from './event-keys.ts'
import { openTestKeyStores, softHsmTokenCopy } from './softhsm.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { testBuilds } from './test-builds.ts'
import { usualTrees } from './tree-planning.ts'

/** What of the parts of a signer a test says. */
export type TestSignerOptions = {
  /** What can be signed; default: what the service can. */
  readonly formats?: readonly SignatureFormat[]
  /** Whose processes sign what they append; the signer then believes nothing else. */
  readonly installation?: TestInstallation
  /** Kinds of sources besides those of the service. */
  readonly kinds?: readonly SourceKind[]
  /** By which announced uploads are overdue, an hour after they were announced; default: the clock. */
  readonly sourceClock?: () => string
  /** The most bytes of an artifact by the kind of its source. */
  readonly limits?: Readonly<Record<string, number>>
  /** The log; default: SQLite in the folder. It is closed with the rest. */
  readonly stored?: EventLog
  /** Key stores of the signer beside `default`, each a token of its own. */
  readonly furtherKeyStores?: readonly KeyStoreName[]
}

/** Opens a signer and what it works with, all of them real; everything is closed when the running test has finished. */
export async function openTestSigner(options: TestSignerOptions = {}) {
  const folder = temporaryFolder()
  const now = () => new Date().toISOString()
  const { installation, formats = signatureFormats } = options
  const { stored = openSqliteEventLog({ path: join(folder, 'event-log.db') }) } = options
  const log = installation === undefined ? stored : withSignatures(stored, installation.eventKey())
  const store = await openFolderStore({ path: join(folder, 'artifacts'), maximumSize: 1024 ** 3 })
  const registry = await openUploadRegistry({ path: join(folder, 'uploads'), now: () => new Date() })
  const uploads = createUploads({ store, registry })
  const { kinds = [], limits = {} } = options
  const ofService = [
    uploadedFileSource({ store, uploads }),
    announcedUploadSource({ uploads, lifetimeMs: 3_600_000, now: options.sourceClock ?? now }),
    earlierRequestSource({ log, store }),
    hashPayloadSource({ store, uploads }),
  ]
  const asking = testBuilds(folder)
  const ofBuilds = buildArtifactSource({ fetchArtifact: buildArtifactFetcher({ log, ...asking }) })
  const sources = createSources({ kinds: [...ofService, ofBuilds, ...kinds], limits, store })
  const scratch = await openSignerScratch({ path: join(folder, 'scratch'), outside: join(folder, 'artifacts') })
  const tokenOptions = await softHsmTokenCopy(folder)
  const keyStores = await openTestKeyStores(tokenOptions, options.furtherKeyStores)
  const identity = await prepareTimeStampAuthority({ dataDirectory: folder })
  const authority = await startTimeStampAuthority(identity)
  onTestFinished(async () => {
    await authority.close()
    await passes.close()
    await scratch.close()
    await asking.close()
    await keyStores.close()
    registry.close()
    await store.close()
    await log.close()
  })
  const timestamps = createTimestampClient({
    urls: [authority.url],
    transport: fetch,
    timeoutMs: 10_000,
    maximumSkewMs: 60_000,
  })
  const passes = new FilePasses(1)
  const trustedTimestampCertificates = parseCertificates(await readFile(identity.rootCertificatePath)).map(
    ({ der }) => der,
  )
  const believed = installation === undefined ? log : withAttribution(withVerification(log, installation.ring(stored)))
  const signer: SignerDependencies = {
    log: believed,
    lastRevisions: (streamIds) => stored.lastRevisions(streamIds),
    store,
    keyStores,
    timestamps,
    trustedTimestampCertificates,
    scratch,
    passes,
    formats,
    trees: usualTrees,
    now,
  }
  return {
    folder,
    now,
    stored,
    log,
    store,
    uploads,
    sources,
    asking,
    keyStores,
    tokenOptions,
    passes,
    formats,
    identity,
    signer,
  }
}
