import type { RequestEvent } from '../documents/requests.ts'
import { count, readableSize } from './quantities.ts'

/** What happened to a request, in a few words. A type that this version does not know is shown by its name. */
export function eventText({ type, data, actor }: RequestEvent): string {
  const describe = Object.hasOwn(descriptions, type) ? descriptions[type] : undefined
  return describe === undefined ? type : describe(data, actor.user?.name ?? 'somebody')
}

type Data = RequestEvent['data']

const descriptions: Readonly<Record<string, (data: Data, who: string) => string>> = {
  SigningRequestSubmitted: ({ source }, who) => `Submitted ${fileName(source)} by ${who}`,
  ArtifactRetrieved: ({ size }) => `Artifact stored, ${readableSize(Number(size))}`,
  SigningPlanned: ({ fileCount, planDigest }) => `Planned ${count(Number(fileCount), 'file')}, plan ${planDigest}`,
  ApprovalGranted: ({ comment }, who) => `Approved by ${who}${quoted(comment)}`,
  ApprovalInvalidated: ({ reason }) =>
    `An approval counts no longer: its giver ${reason === 'removedFromGroup' ? 'left the groups that may approve' : 'was deactivated'}`,
  ApprovalDenied: ({ comment }, who) => `Denied by ${who}${quoted(comment)}`,
  ApprovalExpired: () => 'Denied: the deadline passed without enough approvals',
  SigningRequestCanceled: ({ reason }, who) => `Canceled by ${who}${quoted(reason)}`,
  SigningStarted: ({ attempt }) => (attempt === 1 ? 'Signing' : `Signing, attempt ${attempt}`),
  FilesSigned: ({ fileCount, manifestDigest }) =>
    `Signed ${count(Number(fileCount), 'file')}, manifest ${manifestDigest}`,
  SigningRequestCompleted: ({ signedArtifact }) => `Completed: ${fileName(signedArtifact)} is ready`,
  SigningRequestDelayed: ({ failure }) => `Waiting: ${failureText(failure)}`,
  SigningRequestFailed: ({ failure }) => `Failed: ${failureText(failure)}`,
}

function fileName(artifact: unknown): string {
  return String((artifact as { fileName?: unknown } | undefined)?.fileName ?? 'the artifact')
}

function failureText(failure: unknown): string {
  const { code, message } = (failure ?? {}) as { code?: unknown; message?: unknown }
  return `${code}: ${message}`
}

function quoted(comment: unknown): string {
  return typeof comment === 'string' && comment !== '' ? `: ${comment}` : ''
}
