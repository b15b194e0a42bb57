import type { PersonReader } from '../../application/index.ts'
import {
  displayName,
  earlierRequestOf,
  isFinalStatus,
  knownArtifact,
  nextTryOf,
  type PagedDocument,
  type PlanNode,
  type RecordedDocument,
  remedyOf,
  type SigningPlan,
  type SigningRequest,
  type UserId,
} from '../../domain/index.ts'
import type {
  ArtifactConfigurationView,
  ProjectView,
  ReadModel,
  SigningPolicyView,
  SigningRequestView,
} from '../../projections/index.ts'
import type { Links } from '../links.ts'
import { buildOf, demandedOriginOf, originOf, verifiedOriginOf, voucherOf } from './describe-origin.ts'
import type { RequestDocument, RequestSummary } from './request-document.ts'
import { statusOf } from './status-document.ts'

/** What descriptions of requests are made from. */
export type DescribingDependencies = {
  readonly readModel: ReadModel
  /** Opens names for answers. */
  readonly persons: PersonReader
  /** Opens a plan of the artifact store. */
  readonly openPlan: (reference: RecordedDocument) => Promise<PagedDocument<SigningPlan, PlanNode>>
  readonly links: Links
}

/** How many planned files and resubmissions an answer names. */
const mostNamed = 100

/** What requests name, read for all of them together. */
type Named = {
  readonly projects: ReadonlyMap<string, ProjectView>
  readonly policies: ReadonlyMap<string, SigningPolicyView>
  readonly configurations: ReadonlyMap<string, ArtifactConfigurationView>
  readonly names: ReadonlyMap<UserId, string>
}

/** Describes requests of one organization, in their order: a fixed number of queries, however many they are. */
export async function describeRequests(
  dependencies: DescribingDependencies,
  requests: readonly SigningRequestView[],
): Promise<RequestSummary[]> {
  const named = await readNamed(dependencies, requests)
  return requests.map((request) => summaryOf(request, named, dependencies.links))
}

/** Describes one request with the files that will be signed. */
export async function describeRequest(
  dependencies: DescribingDependencies,
  request: SigningRequestView,
): Promise<RequestDocument> {
  const [[summary], plan] = await Promise.all([
    describeRequests(dependencies, [request]),
    plannedFiles(dependencies, request),
  ])
  return { ...(summary as RequestSummary), plan }
}

async function readNamed(
  { readModel, persons }: DescribingDependencies,
  requests: readonly SigningRequestView[],
): Promise<Named> {
  const [first] = requests
  if (first === undefined)
    return { projects: new Map(), policies: new Map(), configurations: new Map(), names: new Map() }
  const { organizationId } = first
  const configurationIds = requests.flatMap(({ artifactConfiguration: named }) => named?.artifactConfigurationId ?? [])
  const [projects, policies, configurations, users] = await Promise.all([
    readModel.projectsByIds(organizationId, unique(requests.map(({ projectId }) => projectId))),
    readModel.signingPoliciesByIds(organizationId, unique(requests.map(({ signingPolicyId }) => signingPolicyId))),
    readModel.artifactConfigurationsByIds(organizationId, unique(configurationIds)),
    readModel.usersByIds(organizationId, unique(requests.flatMap(peopleOf))),
  ])
  const found = users.filter((user) => user !== undefined)
  const read = await persons.read(found)
  return {
    projects: byId(projects, ({ projectId }) => projectId),
    policies: byId(policies, ({ signingPolicyId }) => signingPolicyId),
    configurations: byId(configurations, ({ artifactConfigurationId }) => artifactConfigurationId),
    names: new Map(
      found.flatMap(({ userId }, index) => {
        const person = read[index]
        return person === undefined ? [] : [[userId, displayName(userId, person)] as const]
      }),
    ),
  }
}

/** The artifact configuration that a request is planned by. */
function configurationOf(
  { artifactConfiguration: planned }: SigningRequestView,
  configurations: Named['configurations'],
): Pick<
  RequestSummary,
  'artifactConfigurationId' | 'artifactConfigurationSlug' | 'artifactConfigurationName' | 'artifactConfigurationVersion'
> {
  const id = planned?.artifactConfigurationId ?? null
  const configuration = id === null ? undefined : configurations.get(id)
  return {
    artifactConfigurationId: id,
    artifactConfigurationSlug: configuration?.slug ?? null,
    artifactConfigurationName: configuration?.name ?? null,
    artifactConfigurationVersion: planned?.version ?? null,
  }
}

function peopleOf({
  submitter,
  peopleBehind = [],
  approvals,
  denial,
  cancellation,
}: SigningRequestView): readonly UserId[] {
  return [
    submitter,
    ...peopleBehind,
    ...approvals.map(({ approver }) => approver),
    ...(denial?.kind === 'denied' ? [denial.approver] : []),
    ...(cancellation?.canceledBy == null ? [] : [cancellation.canceledBy]),
  ]
}

function summaryOf(
  request: SigningRequestView,
  { projects, policies, configurations, names }: Named,
  links: Links,
): RequestSummary {
  const { projectId, signingPolicyId, signingPolicyVersion, approval, plan } = request
  const project = projects.get(projectId)
  const policy = policies.get(signingPolicyId)
  const person = (userId: UserId | null) => {
    const name = userId === null ? undefined : names.get(userId)
    return userId === null || name === undefined ? null : { userId, name }
  }
  return {
    ...statusOf(request, links),
    organizationId: request.organizationId,
    description: request.description,
    version: request.version ?? null,
    projectId,
    projectSlug: project?.slug ?? null,
    projectName: project?.name ?? null,
    ...configurationOf(request, configurations),
    signingPolicyId,
    signingPolicySlug: policy?.slug ?? null,
    signingPolicyName: policy?.versions.at(-1)?.settings.name ?? null,
    signingPolicyVersion,
    submitter: person(request.submitter),
    peopleBehind: (request.peopleBehind ?? []).flatMap((userId) => person(userId) ?? []),
    submittedAt: request.createdAt,
    finishedAt: request.finishedAt,
    artifact: knownArtifact(request),
    unsignedArtifactLink: links.signingRequest(request, 'UnsignedArtifact'),
    signedArtifactLink: links.signingRequest(request, 'SignedArtifact'),
    provenanceLink: request.provenance && links.signingRequest(request, 'Provenance'),
    provenanceBundleLink: request.provenance && links.signingRequest(request, 'ProvenanceBundle'),
    origin: originOf(request, links),
    vouchedBy: voucherOf(request),
    build: buildOf(request),
    demandedOrigin: demandedOriginOf(request),
    verifiedOrigin: verifiedOriginOf(request, links),
    addedBuildData: request.addedBuildData ?? null,
    parameters: request.artifactConfiguration?.parameters ?? {},
    planDigest: plan?.digest ?? null,
    approvals: request.approvals.map(({ approver, planDigest, comment, approvedAt, counts }) => ({
      approver: person(approver),
      planDigest,
      comment,
      approvedAt,
      counts,
    })),
    requiredApprovals: approval?.requiredApprovals ?? 0,
    missingApprovals: request.missingApprovals,
    approvalDeadline: plan?.approvalDeadline ?? null,
    denial: denialOf(request, person),
    cancellation: request.cancellation && {
      canceledBy: person(request.cancellation.canceledBy),
      reason: request.cancellation.reason,
    },
    failure: request.failure && reasonOf(request.failure),
    waitingFor: waitingFor(request),
    resubmittedFrom: earlierRequestOf(request.source) ?? null,
    resubmissions: request.resubmissions.slice(-mostNamed),
  }
}

function denialOf({ denial }: SigningRequestView, person: (userId: UserId) => { userId: UserId; name: string } | null) {
  if (denial === null) return null
  return denial.kind === 'denied'
    ? { deniedBy: person(denial.approver), comment: denial.comment, deadline: null }
    : { deniedBy: null, comment: null, deadline: denial.deadline }
}

function reasonOf({ code, message, path }: NonNullable<SigningRequest['failure']>) {
  return { code, message, path: path === null ? null : [...path], remedy: remedyOf(code) }
}

function waitingFor({ waitingFor: delay, workflowStatus }: SigningRequestView): RequestSummary['waitingFor'] {
  if (delay === null || isFinalStatus(workflowStatus)) return null
  const next = nextTryOf(delay, Date.now())
  const nextTryAt = next === undefined ? null : new Date(next).toISOString()
  return { ...reasonOf(delay.failure), since: delay.since, nextTryAt }
}

/** A plan that cannot be read now does not keep a client from learning where the request stands. */
async function plannedFiles(
  { openPlan }: DescribingDependencies,
  { signingRequestId, plan }: SigningRequestView,
): Promise<RequestDocument['plan']> {
  if (plan === null) return null
  const { digest, document, nodeCount: entryCount, fileCount: signedCount } = plan
  try {
    const { signedEntries } = await openPlan({ digest, document, signingRequestId, entryCount, signedCount })
    return (await signedEntries(0, mostNamed)).map(({ entry }) => {
      const { sha256, size, format } = entry.kind === 'directory' ? nothing : entry
      const directives = entry.directives.map(({ directive }) => directive)
      return { path: [...entry.path], sha256, size, format, directives }
    })
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null
    throw error
  }
}

const nothing = { sha256: null, size: null, format: null }

function unique<Id>(ids: readonly Id[]): readonly Id[] {
  return [...new Set(ids)]
}

function byId<View>(views: readonly (View | undefined)[], idOf: (view: View) => string): ReadonlyMap<string, View> {
  return new Map(views.flatMap((view) => (view === undefined ? [] : [[idOf(view), view] as const])))
}
