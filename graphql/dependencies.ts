import type { GraphQLSchema } from 'graphql'
import type { Application, PersonReader } from '../application/index.ts'
import type { PlanWording } from '../domain/index.ts'
import type { FaultLog } from '../http/index.ts'
import type { ReadModel } from '../projections/index.ts'
import type { GraphQLContext } from './context.ts'
import type { Limits } from './limits.ts'

/** What the GraphQL API needs. */
export type GraphQLDependencies = {
  readonly application: Application
  readonly readModel: ReadModel
  readonly log: GraphQLContext['log']
  readonly persons: PersonReader
  readonly openPlan: GraphQLContext['openPlan']
  readonly openManifest: GraphQLContext['openManifest']
  readonly planWording: PlanWording
  readonly describeSource: GraphQLContext['describeSource']
  /**
   * Where clients reach the service, without a slash at the end; or a function that says so once the service listens,
   * when the port is not known before.
   */
  readonly publicUrl: string | (() => string)
  readonly logger: FaultLog
  /** What `createSchema` made, where several servers of a process share one. Default: one of its own. */
  readonly schema?: GraphQLSchema
  /** Default: `defaultLimits`. */
  readonly limits?: Limits
  /** How long a query or a mutation's answer waits for the read model, in milliseconds. Default: 5,000. */
  readonly readModelTimeoutMs?: number
}
