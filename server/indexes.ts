import type { ApplicationDependencies } from '../application/index.ts'
import type { EventLog } from '../event-log/index.ts'
import type { ReadModel } from '../projections/index.ts'
import { nobody, noCertificates } from './answers-nobody.ts'

/** What is found by the read model; a process without one is asked for none of it, for only the API takes artifacts in. */
export async function indexesOf(
  log: EventLog,
  readModels: { readonly readModel: ReadModel } | undefined,
): Promise<Pick<ApplicationDependencies, 'submitters' | 'certificates' | 'administrators'>> {
  if (readModels === undefined) return { submitters: nobody, certificates: noCertificates, administrators: nobody }
  const { readModelIndexes } = await import('./read-model-indexes.ts')
  return readModelIndexes(log, readModels.readModel)
}
