import type { EventLog } from '../event-log/index.ts'
import {
  announcedUploadSource,
  buildArtifactSource,
  createSources,
  earlierRequestSource,
  type FetchBuildArtifact,
  hashPayloadSource,
  linkSource,
  type SourceKind,
  type Sources,
  uploadedFileSource,
} from '../sources/index.ts'
import type { Settings } from './configuration.ts'
import type { Outside } from './outside.ts'
import type { Artifacts } from './stores.ts'

const hourMs = 3_600_000

/**
 * The kinds of sources of the service, with the limits that the settings give them. A process without a way outside, which
 * neither takes submissions nor retrieves, knows no links and no artifacts of builds.
 */
export function serviceSources(
  settings: Settings,
  dependencies: {
    readonly log: EventLog
    readonly artifacts: Pick<Artifacts, 'store' | 'uploads'>
    readonly outside: Pick<Outside, 'outgoing' | 'secrets'> | undefined
    /** Asks build systems for artifacts; left out in a process without a way outside. */
    readonly fetchArtifact: FetchBuildArtifact | undefined
    readonly now: () => string
  },
): Sources {
  const { log, artifacts, outside, fetchArtifact, now } = dependencies
  const { store, uploads } = artifacts
  const kinds: SourceKind[] = [
    uploadedFileSource({ store, uploads }),
    announcedUploadSource({ uploads, lifetimeMs: settings.announcedUploadLifetime * hourMs, now }),
    earlierRequestSource({ log, store }),
    hashPayloadSource({ store, uploads }),
  ]
  const limits = {
    lifetimeMs: settings.linkLifetime * hourMs,
    wholeMs: settings.linkTimeout * 1_000,
    redirects: settings.linkRedirects,
  }
  if (outside !== undefined) kinds.push(linkSource({ ...outside, limits, now }))
  if (fetchArtifact !== undefined) kinds.push(buildArtifactSource({ fetchArtifact }))
  return createSources({ kinds, limits: settings.sourceLimits, store })
}
