import type { EventLog } from '../event-log/index.ts'
import {
  createSources,
  earlierRequestSource,
  hashPayloadSource,
  type Sources,
  uploadedFileSource,
} from '../sources/index.ts'
import type { Settings } from './configuration.ts'
import type { Artifacts } from './stores.ts'

/** The kinds of sources of the service, with the limits that the settings give them. */
export function serviceSources(
  { sourceLimits }: Pick<Settings, 'sourceLimits'>,
  { log, artifacts }: { readonly log: EventLog; readonly artifacts: Pick<Artifacts, 'store' | 'uploads'> },
): Sources {
  const { store, uploads } = artifacts
  const kinds = [
    uploadedFileSource({ store, uploads }),
    earlierRequestSource({ log, store }),
    hashPayloadSource({ store, uploads }),
  ]
  return createSources({ kinds, limits: sourceLimits, store })
}
