import type { Artifact, Instant, SigningRequest, Source } from '../domain/index.ts'
import type { ListedSigningRequestView } from './views.ts'

/** So many characters a summary may have with the source in it: the state, which has it too, is in the same row. */
const longestWithSource = 2_000

/** What lists show of a request that no column of its own says. */
export type RequestSummary = Pick<
  ListedSigningRequestView,
  'description' | 'artifact' | 'finishedAt' | 'missingApprovals'
> & {
  /** Left out where it is long, as that of many hashes is: then it is read from the state. */
  readonly source?: Source
}

/** The same as JSON. The artifact stands in it when it is another one than the source says, which is rare. */
type WrittenSummary = Omit<RequestSummary, 'artifact'> & { readonly artifact?: Artifact | null }

/** A summary as its column has it. Never throws, whatever the state lacks. */
export function writeSummary(
  { description, source, artifact }: SigningRequest,
  { finishedAt }: { readonly finishedAt: Instant | null },
  missingApprovals: number,
): string {
  const short: WrittenSummary = { description, finishedAt, missingApprovals }
  const text = JSON.stringify({ ...short, source, ...(isSaid(artifact, source) ? {} : { artifact }) })
  return text.length <= longestWithSource ? text : JSON.stringify({ ...short, artifact })
}

/** A summary of its column. */
export function readSummary(text: string): RequestSummary {
  const { description, source, artifact, finishedAt, missingApprovals } = JSON.parse(text) as WrittenSummary
  return {
    description,
    finishedAt,
    missingApprovals,
    artifact: artifact === undefined && source !== undefined ? saidArtifact(source) : (artifact ?? null),
    ...(source && { source }),
  }
}

function isSaid(artifact: Artifact | null, source: Source): boolean {
  return (
    artifact !== null &&
    artifact.fileName === source?.fileName &&
    artifact.sha256 === source.sha256 &&
    artifact.size === source.size
  )
}

function saidArtifact({ fileName, sha256, size }: Source): Artifact {
  return { fileName, sha256, size } as Artifact
}
