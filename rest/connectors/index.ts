import type { Application } from '../../application/index.ts'
import type { ReadModel } from '../../projections/index.ts'
import type { Links } from '../links.ts'
import type { Operation } from '../operation.ts'
import { jenkinsOperations } from './jenkins.ts'
import { connectorReadingOperations } from './read-requests.ts'
import { fetchingOperations } from './submissions.ts'

/**
 * The protocol that plugins of build systems speak: a submission names build and artifact, and brings the API token of who submits. What
 * it says of itself is believed in nothing; the build system is asked.
 */
export function connectorOperations(dependencies: {
  readonly application: Application
  readonly readModel: ReadModel
  readonly links: Links
}): readonly Operation[] {
  return [
    ...fetchingOperations(dependencies),
    ...jenkinsOperations(dependencies),
    ...connectorReadingOperations(dependencies),
  ]
}
