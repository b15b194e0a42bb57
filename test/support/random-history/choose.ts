import { projectSlugStream, signingPolicySlugStream } from '../../../application/slug-streams.ts'
import {
  type ChangeProposalId,
  certificateDecider,
  changeProposalDecider,
  type Decider,
  type DomainEvent,
  type GrantId,
  grantDecider,
  groupDecider,
  type Instant,
  keyDecider,
  organizationDecider,
  type ProjectId,
  type ProjectSlugCommand,
  projectDecider,
  projectSlugDecider,
  type SigningPolicySlugCommand,
  signingPolicyDecider,
  signingPolicySlugDecider,
  signingRequestDecider,
  streams,
  type TrustedBuildSystemId,
  trustedBuildSystemDecider,
  userDecider,
} from '../../../domain/index.ts'
import { changeCommands, grantCommands } from './decision-commands.ts'
import {
  certificateCommands,
  groupCommands,
  keyCommands,
  organizationCommands,
  userCommands,
} from './people-and-key-commands.ts'
import { buildSystemCommands, policyCommands, projectCommands, requestCommands } from './project-commands.ts'
import { randomOrganization, uuid } from './values.ts'

/** The decider of any aggregate. */
export type AnyDecider = Decider<unknown, unknown, DomainEvent>
/** An aggregate, by its decider and where an entity of it stands. */
export type Aggregate = { readonly decider: AnyDecider; readonly stream: (id: string) => string }

/** An entity, and what may be asked of it. */
export type Choice = { readonly aggregate: Aggregate; readonly id: string; readonly commands: readonly unknown[] }

function aggregate(decider: unknown, stream: (id: never) => string): Aggregate {
  return { decider, stream } as unknown as Aggregate
}

/** Chooses an entity by numbers. */
export function choose(entity: number, detail: number, at: Instant): Choice {
  const number = detail % 4
  switch (entity % 10) {
    case 0:
      return {
        aggregate: aggregate(organizationDecider, streams.organization),
        id: randomOrganization,
        commands: organizationCommands,
      }
    case 5:
      if (detail % 7 === 0) return grant(detail, at)
      if (detail % 11 === 0) return proposedChange(detail, at)
      return detail % 2 === 0
        ? projectSlug(detail)
        : detail % 3 === 0
          ? buildSystem(detail, at)
          : signingPolicySlug(detail)
    case 9:
      return {
        aggregate: aggregate(groupDecider, streams.group),
        id: uuid('6', detail % 3),
        commands: groupCommands(detail % 3, detail),
      }
    case 1:
      return {
        aggregate: aggregate(userDecider, streams.user),
        id: uuid('1', number),
        commands: userCommands(number, detail, at),
      }
    case 2:
      return {
        aggregate: aggregate(certificateDecider, streams.certificate),
        id: uuid('2', number),
        commands: certificateCommands(number, detail),
      }
    case 8:
      return {
        aggregate: aggregate(keyDecider, streams.key),
        id: uuid('8', number),
        commands: keyCommands(number, detail),
      }
    case 3:
      return {
        aggregate: aggregate(projectDecider, streams.project),
        id: uuid('3', number),
        commands: projectCommands(number, detail),
      }
    case 4:
      return {
        aggregate: aggregate(signingPolicyDecider, streams.signingPolicy),
        id: uuid('4', number),
        commands: policyCommands(number, detail),
      }
    default:
      return {
        aggregate: aggregate(signingRequestDecider, streams.signingRequest),
        id: uuid('5', detail % 12),
        commands: requestCommands(detail),
      }
  }
}

function projectSlug(detail: number): Choice {
  const slug = `project-${detail % 20}`
  const command: ProjectSlugCommand = {
    type: 'ReserveProjectSlug',
    organizationId: randomOrganization,
    slug,
    projectId: uuid('3', detail % 4),
  }
  const stream = () => projectSlugStream(randomOrganization, slug)
  return { aggregate: aggregate(projectSlugDecider, stream), id: slug, commands: [command] }
}

function signingPolicySlug(detail: number): Choice {
  const slug = `policy-${detail % 9}`
  const projectId = uuid<ProjectId>('3', detail % 4)
  const command: SigningPolicySlugCommand = {
    type: 'ReserveSigningPolicySlug',
    projectId,
    slug,
    signingPolicyId: uuid('4', detail % 4),
  }
  const stream = () => signingPolicySlugStream(projectId, slug)
  return { aggregate: aggregate(signingPolicySlugDecider, stream), id: slug, commands: [command] }
}

function grant(detail: number, at: Instant): Choice {
  const id = uuid<GrantId>('a', detail % 3)
  return { aggregate: aggregate(grantDecider, streams.grant), id, commands: grantCommands(id, detail, at) }
}

function proposedChange(detail: number, at: Instant): Choice {
  const id = uuid<ChangeProposalId>('b', detail % 4)
  return {
    aggregate: aggregate(changeProposalDecider, streams.changeProposal),
    id,
    commands: changeCommands(id, detail, at),
  }
}

function buildSystem(detail: number, at: Instant): Choice {
  const id = uuid<TrustedBuildSystemId>('7', detail % 2)
  return {
    aggregate: aggregate(trustedBuildSystemDecider, streams.trustedBuildSystem),
    id,
    commands: buildSystemCommands(id, detail, at),
  }
}
