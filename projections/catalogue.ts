import { parseStreamName, type StreamKind, securityEventTypes, unusualActivityEventTypes } from '../domain/index.ts'
import type { RecordedEvent } from '../event-log/index.ts'
import { artifactConfigurations } from './artifact-configurations.ts'
import { certificates } from './certificates.ts'
import { changeProposals } from './change-proposals.ts'
import type { AnyProjection } from './entity.ts'
import { grants } from './grants.ts'
import { groups } from './groups.ts'
import { keys } from './keys.ts'
import { organizations } from './organizations.ts'
import { projects } from './projects.ts'
import { ReadModelError } from './read-model-error.ts'
import { signingPolicies } from './signing-policies.ts'
import { signingRequests } from './signing-requests.ts'
import { trustedBuildSystems } from './trusted-build-systems.ts'
import { users } from './users.ts'
import { webHooks } from './web-hooks.ts'

/** How each kind of entity is projected. */
export const projections: Readonly<Record<Exclude<StreamKind, keyof typeof eventStreams>, AnyProjection>> = {
  organization: organizations,
  user: users,
  key: keys,
  group: groups,
  certificate: certificates,
  project: projects,
  artifactConfiguration: artifactConfigurations,
  signingPolicy: signingPolicies,
  trustedBuildSystem: trustedBuildSystems,
  changeProposal: changeProposals,
  grant: grants,
  webHook: webHooks,
  signingRequest: signingRequests,
}

/** What may stand in the streams that make no entity: it is kept with all events, and nowhere else. */
export const eventStreams = {
  apiTokenUse: { eventTypes: ['ApiTokenUsed'] },
  buildActor: { eventTypes: ['BuildActorUserListed'] },
  administrators: { eventTypes: ['AdministratorCounted', 'AdministratorLeaving'] },
  projectSlug: { eventTypes: ['ProjectSlugReserved'] },
  signingPolicySlug: { eventTypes: ['SigningPolicySlugReserved'] },
  policyGrants: { eventTypes: ['GrantListed', 'GrantDelisted'] },
  webHookDelivery: { eventTypes: ['WebHookDeliveryResendRequested'] },
  artifactConfigurationSlug: { eventTypes: ['ArtifactConfigurationSlugReserved'] },
  trustedBuildSystemSlug: { eventTypes: ['TrustedBuildSystemSlugReserved'] },
  security: { eventTypes: securityEventTypes },
  unusualActivity: { eventTypes: unusualActivityEventTypes },
  processKey: { eventTypes: ['ProcessKeyCertified', 'ProcessKeyRevoked'] },
} as const

/** Where an event belongs. */
export type Destination =
  | { readonly kind: 'entity'; readonly projection: AnyProjection; readonly id: string }
  | { readonly kind: 'events'; readonly known: { readonly eventTypes: readonly string[] } }

/**
 * Finds out where an event belongs.
 *
 * @throws ReadModelError `PROJECTION_STREAM_UNKNOWN`: passing it over could hide what withdraws something
 */
export function destinationOf(event: Pick<RecordedEvent, 'streamId' | 'type' | 'position'>): Destination {
  const name = parseStreamName(event.streamId)
  if (name === undefined)
    throw new ReadModelError(
      'PROJECTION_STREAM_UNKNOWN',
      `The stream ${event.streamId} is of a kind that is not known to this release. Use the release that wrote it.`,
      { details: { streamId: event.streamId, type: event.type, position: event.position } },
    )
  return isEventStream(name.kind)
    ? { kind: 'events', known: eventStreams[name.kind] }
    : { kind: 'entity', projection: projections[name.kind], id: name.id }
}

function isEventStream(kind: StreamKind): kind is keyof typeof eventStreams {
  return Object.hasOwn(eventStreams, kind)
}
