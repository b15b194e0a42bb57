import {
  type Artifact,
  type BuildSecretId,
  existingTrustedBuildSystem,
  fold,
  type LinkSecretId,
  type LinkSettings,
  type OrganizationId,
  projectDecider,
  Refusal,
  requireLinked,
  type Submission,
  signingPolicyDecider,
  streams,
  type TrustedBuildSystemKind,
  type TrustedBuildSystemLink,
  trustedBuildSystemDecider,
  type Voucher,
} from '../domain/index.ts'
import { type EventLog, type RecordedEvent, readWholeStream } from '../event-log/index.ts'
import {
  buildSystemForms,
  type ConnectorTools,
  type Secret,
  secretOf,
  type UncheckedQuestion,
} from '../origin/index.ts'

/** Where a secret of a build, or of a link with a build system, is kept. */
export type BuildSystemSecretPlace = { readonly organizationId: OrganizationId } & (
  | { readonly purpose: 'buildSystemSecret'; readonly id: LinkSecretId }
  | { readonly purpose: 'buildSecret'; readonly id: BuildSecretId }
)

/** Reads and removes what is secret about builds. Errors carry a `code`, and are transient. */
export type BuildSystemSecrets = {
  get(place: BuildSystemSecretPlace): Promise<Uint8Array | undefined>
  remove(place: BuildSystemSecretPlace): Promise<void>
}

/** What a build system is asked about a request with: the question, and the tools but for those of the process. */
export type AskingAboutBuild = {
  readonly trustedBuildSystemId: Voucher['trustedBuildSystemId']
  readonly question: UncheckedQuestion
  readonly tools: Pick<ConnectorTools, 'secrets' | 'now'>
}

/**
 * What the build system that vouched for a request is asked about its build: as the submission said it, by the link as it stood then,
 * with the secrets that the link has now, and as of the moment of the submission.
 *
 * @throws Refusal `TRUSTED_BUILD_SYSTEM_REQUIRED`, `TRUSTED_BUILD_SYSTEM_NOT_FOUND`, `TRUSTED_BUILD_SYSTEM_NOT_LINKED`,
 *   `ORIGIN_LINK_ADDRESS_CHANGED`, `ORIGIN_SECRET_GONE`; SecretsError
 */
export async function askingAboutBuild(
  { log, secrets }: { readonly log: EventLog; readonly secrets: Pick<BuildSystemSecrets, 'get'> },
  request: Submission & { readonly artifact?: Artifact | null },
): Promise<AskingAboutBuild> {
  const submission = await submissionOf(log, request)
  const { trustedBuildSystemId, node } = voucherOf(submission)
  const { events } = await readWholeStream(log, streams.trustedBuildSystem(trustedBuildSystemId))
  const system = existingTrustedBuildSystem(fold(trustedBuildSystemDecider, events))
  const before = events.filter(({ position }) => position < submission.position)
  const { settings } = requireLinked(
    existingTrustedBuildSystem(fold(trustedBuildSystemDecider, before)),
    request.projectId,
  )
  const present = requireLinked(system, request.projectId)
  // An identity token goes to no address of the link.
  const sent = (request.build?.secrets ?? []).filter(({ name }) => name !== 'identityToken')
  if (present.secrets.length > 0 || sent.length > 0) requireSameAddresses(system.kind, settings, present.settings)
  const question: UncheckedQuestion = {
    kind: system.kind,
    settings,
    build: request.build?.fields ?? {},
    artifact: request.artifact ?? null,
    isFetched: request.source.kind === 'buildArtifact',
    claimed: request.claimedOrigin ?? null,
    node,
    ...(await targetOf(log, request)),
  }
  const ofLink = await secretsOfLink(secrets, present, request)
  const ofBuild = await secretsOfBuild(secrets, request)
  const now = () => submission.metadata.occurredAt
  return { trustedBuildSystemId, question, tools: { secrets: { ...ofLink, ...ofBuild }, now } }
}

/**
 * Refuses where a link names other addresses by now: its secrets, which are those of now, must not go to an address that was taken out
 * of it, perhaps because it is not to be trusted.
 *
 * @throws Refusal `ORIGIN_LINK_ADDRESS_CHANGED`
 */
function requireSameAddresses(kind: TrustedBuildSystemKind, before: LinkSettings, now: LinkSettings): void {
  const [then, present] = [before, now].map((settings) => buildSystemForms.linkAddresses(kind, settings).join(' '))
  if (then !== present)
    throw new Refusal(
      'ORIGIN_LINK_ADDRESS_CHANGED',
      'The link of project and build system names another address than it did when the artifact was submitted, and its secrets are for that one. Submit the artifact again.',
    )
}

/** Removes what is secret about the build of a request, which nobody is asked about any more. Twice is as once. */
export async function removeBuildSecrets(
  { secrets }: { readonly secrets: Pick<BuildSystemSecrets, 'remove'> },
  { organizationId, build }: Pick<Submission, 'organizationId' | 'build'>,
): Promise<void> {
  for (const { secretId: id } of build?.secrets ?? [])
    await secrets.remove({ organizationId, purpose: 'buildSecret', id })
}

/** The secrets of a link, by name. One that is not there is left out: then the connector says that it is missing. */
export async function secretsOfLink(
  secrets: Pick<BuildSystemSecrets, 'get'>,
  link: Pick<TrustedBuildSystemLink, 'secrets'>,
  { organizationId }: Pick<Submission, 'organizationId'>,
): Promise<ConnectorTools['secrets']> {
  const opened: Record<string, Secret> = {}
  for (const { name, secretId: id } of link.secrets) {
    const kept = await secrets.get({ organizationId, purpose: 'buildSystemSecret', id })
    if (kept !== undefined) opened[name] = secretOf(Buffer.from(kept).toString())
  }
  return opened
}

/** @throws Refusal `ORIGIN_SECRET_GONE` */
async function secretsOfBuild(
  secrets: Pick<BuildSystemSecrets, 'get'>,
  { organizationId, build }: Submission,
): Promise<ConnectorTools['secrets']> {
  const opened: Record<string, Secret> = {}
  for (const { name, secretId: id } of build?.secrets ?? []) {
    const kept = await secrets.get({ organizationId, purpose: 'buildSecret', id })
    if (kept === undefined)
      throw new Refusal(
        'ORIGIN_SECRET_GONE',
        `The secret ${name} that the submission brought is not kept any more: the build system was away for too long. Build and submit again.`,
        { secret: name },
      )
    opened[name] = secretOf(Buffer.from(kept).toString())
  }
  return opened
}

async function submissionOf(log: EventLog, { signingRequestId }: Submission): Promise<RecordedEvent> {
  const [submission] = (await readWholeStream(log, streams.signingRequest(signingRequestId))).events
  if (submission !== undefined) return submission
  throw new Refusal('SIGNING_REQUEST_NOT_FOUND', 'There is no such signing request.')
}

/** The build system that vouched for the submission, as its event says. @throws Refusal `TRUSTED_BUILD_SYSTEM_REQUIRED` */
function voucherOf({ metadata: { actor } }: RecordedEvent): Voucher {
  if (actor.kind === 'user' && actor.vouchedBy !== undefined) return actor.vouchedBy
  throw new Refusal('TRUSTED_BUILD_SYSTEM_REQUIRED', 'No trusted build system vouched for the submission.')
}

async function targetOf(
  log: EventLog,
  { projectId, signingPolicyId, originVerification }: Submission,
): Promise<Pick<UncheckedQuestion, 'project' | 'signingPolicy'>> {
  const project = fold(projectDecider, (await readWholeStream(log, streams.project(projectId))).events)
  const policy = fold(signingPolicyDecider, (await readWholeStream(log, streams.signingPolicy(signingPolicyId))).events)
  const slugOf = (state: typeof project | typeof policy) => (state.status === 'none' ? '' : state.slug)
  // Where no origin is verified, artifacts are fetched all the same.
  const repositoryOf = (state: typeof project) => (state.status === 'none' ? '' : (state.repositoryUrl ?? ''))
  return {
    project: { slug: slugOf(project), repositoryUrl: originVerification?.repositoryUrl ?? repositoryOf(project) },
    signingPolicy: { slug: slugOf(policy) },
  }
}
