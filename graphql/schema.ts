import type { GraphQLSchema } from 'graphql'
import { builder } from './builder.ts'
import './scalars.ts'
import './certificate.ts'
import './change-proposal.ts'
import './change-mutations.ts'
import './key.ts'
import './group.ts'
import './organization.ts'
import './project.ts'
import './signing-policy.ts'
import './signing-request.ts'
import './queries.ts'
import './node-queries.ts'
import './audit-queries.ts'
import './mutations.ts'
import './group-mutations.ts'
import './user-mutations.ts'
import './submission-check.ts'
import './subscriptions.ts'
import { answerAsOf } from './as-of.ts'
import { enforcePermissions } from './enforce-permissions.ts'
import { waitForMinimumPosition } from './minimum-position.ts'
import { refuseMalformedText } from './text-arguments.ts'

/** The schema of the GraphQL API. `npm run schema` prints it into `schema.graphql`. */
export function createSchema(): GraphQLSchema {
  return refuseMalformedText(enforcePermissions(waitForMinimumPosition(answerAsOf(builder.toSchema()))))
}
