import { randomUUID } from 'node:crypto'
import {
  type Actor,
  asId,
  jobSubmitterOf,
  type OrganizationId,
  type ProjectId,
  Refusal,
  refuseIfDisabled,
  requireActiveUser,
  streams,
  type TrustedBuildSystem,
  trustedBuildSystemDecider,
  type UserId,
  userDecider,
} from '../domain/index.ts'
import type { Credentials } from './authenticate.ts'
import type { JobLink, JobToken } from './build-ports.ts'
import type { Caller } from './caller.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'
import { unknownOrganization } from './refusal-audit.ts'
import { asCallersFailure } from './service-failure.ts'

type Dependencies = Pick<ApplicationDependencies, 'log' | 'refusals' | 'builds' | 'linkedBuildSystems'>

/** A link by which jobs submit, with the build system whose it is, and the CI user as whom they do. */
type LinkOfJobs = JobLink & {
  readonly system: TrustedBuildSystem
  readonly projectId: ProjectId
  readonly submitter: UserId
}

/** A link that takes the token of a call. */
type Accepting = { readonly link: LinkOfJobs; readonly token: JobToken }

/** So many links are tried with one token. */
const mostTried = 100

/** Whether what was sent in place of an API token has the form of an identity token: three parts in base64url (RFC 7519 §3). */
export function isIdentityToken(text: string | undefined): text is string {
  return text !== undefined && /^[\w-]{2,}\.[\w-]{2,}\.[\w-]*$/.test(text)
}

/**
 * Finds out who calls by the identity token of a job alone: the links of the organization with trusted build systems say whose tokens
 * are taken, and as which CI user their jobs submit. The build system vouches for the call by the same token. The caller may submit to
 * the projects of these links, and read; a submission uses the token up.
 *
 * Each call is judged by the streams of build system and user as the log has them: what was unlinked, disabled or deactivated is out at once.
 *
 * @throws Refusal `IDENTITY_TOKEN_ORGANIZATION_MISSING`, `IDENTITY_TOKEN_NOT_ALONE`, `IDENTITY_TOKEN_NOT_LINKED`,
 *   `IDENTITY_TOKEN_LINK_AMBIGUOUS`, `TRUSTED_BUILD_SYSTEM_DISABLED`, `USER_DEACTIVATED`, `USER_NOT_FOUND`; of the token and of what it
 *   says `IDENTITY_TOKEN_…`, `ORIGIN_…`
 * @throws ServiceError `IDENTITY_TOKEN_KEY…`, while the issuer's keys cannot be had
 */
export async function authenticateJob(
  dependencies: Dependencies,
  { apiToken: token = '', organizationId: named, trustedBuildSystemToken, statedCall }: Credentials,
  remoteAddress: string | undefined,
): Promise<Caller> {
  const { log, refusals } = dependencies
  const callId = randomUUID()
  let organizationId = unknownOrganization
  let actor: Actor = { kind: 'anonymous' }
  let subject: string | null = null
  try {
    if (trustedBuildSystemToken !== undefined || statedCall !== undefined) throw notAlone()
    const organization = organizationOf(named)
    const links = await linksFor(dependencies, organization, token)
    const [first] = links
    if (first === undefined) throw notLinked()
    // Claims of a link with the organization: from here on it is the organization's matter, whoever sent them.
    organizationId = organization
    subject = streams.trustedBuildSystem(first.system.trustedBuildSystemId)
    const accepting = await acceptingLinks(dependencies, links, token)
    const { link, token: proving } = accepting[0]
    const { system, submitter: userId, kind } = link
    const loaded = await loadOwn(log, streams.user(userId), userDecider, { organizationId })
    const { issuer, tokenId } = proving
    const authentication = { method: 'identityToken', issuer, tokenId } as const
    const { trustedBuildSystemId } = system
    const vouchedBy = { trustedBuildSystemId, proof: authentication, node: null }
    actor = { kind: 'user', userId, authentication, vouchedBy }
    const user = requireActiveUser(loaded.state)
    if (user.kind !== 'ci') throw notLinked()
    const projects = accepting.map(({ link: { projectId } }) => projectId)
    return {
      ...{ organizationId, userId, kind: 'ci', roles: [], person: { name: user.name, email: user.email } },
      scope: { access: 'submit', projects, networks: null },
      ...{ authentication, vouchedBy, remoteAddress, callId },
      job: {
        token: proving,
        reveal: () => token,
        links: accepting.map(({ link: { projectId, settings } }) => ({ kind, projectId, settings })),
      },
    }
  } catch (error) {
    const refusal = asCallersFailure(error)
    if (refusal instanceof Refusal)
      await refusals.record({
        organizationId,
        actor,
        ...(remoteAddress === undefined ? {} : { remoteAddress }),
        command: 'authenticate',
        subject,
        code: refusal.code,
        callId,
      })
    throw refusal
  }
}

/** @throws Refusal `IDENTITY_TOKEN_ORGANIZATION_MISSING` */
function organizationOf(named: string | undefined): OrganizationId {
  const organizationId = named === undefined ? undefined : asId<OrganizationId>(named)
  if (organizationId !== undefined) return organizationId
  throw new Refusal(
    'IDENTITY_TOKEN_ORGANIZATION_MISSING',
    'An identity token does not say of which organization its job is. Send the id of the organization in the header Countersign-Organization, or call an address that names it.',
  )
}

/** The links that the token can be for, by what it says of itself. Those of build systems that are disabled only where there is no other. */
async function linksFor(
  { log, linkedBuildSystems, builds }: Dependencies,
  organizationId: OrganizationId,
  token: string,
): Promise<readonly LinkOfJobs[]> {
  const ids = await linkedBuildSystems.ofJobs(organizationId)
  const states = await Promise.all(
    ids.map(
      async (id) =>
        (await loadOwn(log, streams.trustedBuildSystem(id), trustedBuildSystemDecider, { organizationId })).state,
    ),
  )
  const links = states.flatMap((system) =>
    system.status === 'none'
      ? []
      : system.links.flatMap(({ projectId, settings }) => {
          const submitter = jobSubmitterOf({ settings })
          return submitter === null ? [] : [{ system, kind: system.kind, projectId, settings, submitter }]
        }),
  )
  const found = builds.linksOfJob(links, token)
  const enabled = found.filter(({ system }) => system.status === 'enabled')
  return (enabled.length > 0 ? enabled : found).slice(0, mostTried)
}

/**
 * The links that take the token, which must be of one build system and as one user: nobody else could say which of them is meant.
 *
 * @throws Refusal that of the first link when none takes it; `IDENTITY_TOKEN_LINK_AMBIGUOUS`
 */
async function acceptingLinks(
  { builds }: Dependencies,
  links: readonly LinkOfJobs[],
  token: string,
): Promise<readonly [Accepting, ...Accepting[]]> {
  const accepting: Accepting[] = []
  let refused: unknown
  for (const link of links)
    try {
      accepting.push({ link, token: await builds.verifyJob(link, token, null) })
    } catch (error) {
      const failure = asCallersFailure(error)
      if (!(failure instanceof Refusal)) throw failure
      refused ??= failure
    }
  const [first, ...others] = accepting
  if (first === undefined) throw refused
  // Told to nobody whose token does not hold.
  refuseIfDisabled(first.link.system)
  const isSame = ({ link: { system, submitter } }: Accepting) =>
    system.trustedBuildSystemId === first.link.system.trustedBuildSystemId && submitter === first.link.submitter
  if (others.every(isSame)) return [first, ...others]
  throw new Refusal(
    'IDENTITY_TOKEN_LINK_AMBIGUOUS',
    'Several links take this identity token, of different trusted build systems or with different submitters. A Global Administrator gives each of them another audience, or the same submitter.',
  )
}

function notAlone(): Refusal {
  return new Refusal(
    'IDENTITY_TOKEN_NOT_ALONE',
    'An identity token stands for the build system by itself: send it without the token of a trusted build system, and not by an authentication proxy.',
  )
}

function notLinked(): Refusal {
  return new Refusal(
    'IDENTITY_TOKEN_NOT_LINKED',
    'No link of the organization takes this identity token: none names a submitter, and is of the issuer and of the repository or project (by its ids) that the token is of. A Global Administrator links the project with the trusted build system so.',
  )
}
