import type { ApplicationDependencies } from '../application/index.ts'
import type { EventLog } from '../event-log/index.ts'
import type { ReadModel } from '../projections/index.ts'
import { administratorIndex } from './administrator-index.ts'
import { certificateSupport } from './certificates.ts'
import { linkedBuildSystemIndex } from './linked-build-systems.ts'
import { submitterIndex } from './submitter-index.ts'

/** What use cases find by the read model, and then hold against the log. */
export function readModelIndexes(
  log: EventLog,
  readModel: ReadModel,
): Pick<ApplicationDependencies, 'submitters' | 'certificates' | 'administrators' | 'linkedBuildSystems'> {
  return {
    submitters: submitterIndex(log, readModel),
    certificates: certificateSupport(log, readModel),
    administrators: administratorIndex(log, readModel),
    linkedBuildSystems: linkedBuildSystemIndex(log, readModel),
  }
}
