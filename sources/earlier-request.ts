import { z } from 'zod'
import type { ArtifactStore } from '../artifacts/index.ts'
import {
  type Artifact,
  type EarlierRequest,
  fold,
  notUsable,
  parseId,
  type SigningRequestId,
  signingRequestDecider,
  streams,
  type TakenBy,
  usableEarlierRequest,
} from '../domain/index.ts'
import { type EventLog, readWholeStream } from '../event-log/index.ts'
import { detailForms } from './forms.ts'
import type { SourceKind } from './source-kind.ts'
import { promised, read } from './submitted.ts'

const form = z.object({ signingRequestId: z.string() })

/**
 * The artifact of another request of the same project, as that one retrieved it: submitted as
 * `{ kind: 'earlierRequest', signingRequestId }`.
 *
 * @throws Refusal `ID_MALFORMED`, `SIGNING_REQUEST_NOT_FOUND`; `EARLIER_REQUEST_NOT_USABLE` unless it is completed, of the
 *   same project, and its artifact the one that was submitted; ArtifactError `ARTIFACT_NOT_FOUND`,
 *   `ARTIFACT_STORE_UNAVAILABLE`
 */
export function earlierRequestSource(dependencies: {
  readonly log: EventLog
  readonly store: Pick<ArtifactStore, 'open'>
}): SourceKind<EarlierRequest> {
  const { log, store } = dependencies

  async function artifactOf(signingRequestId: SigningRequestId, by: TakenBy): Promise<Artifact> {
    const { events } = await readWholeStream(log, streams.signingRequest(signingRequestId))
    return usableEarlierRequest(fold(signingRequestDecider, events), signingRequestId, by).artifact
  }

  return {
    kind: 'earlierRequest',
    details: detailForms.earlierRequest,
    async check(submitted, context) {
      const { signingRequestId: text } = read(form, submitted)
      const signingRequestId = parseId<SigningRequestId>(text, 'The earlier signing request')
      const { fileName, sha256, size } = await artifactOf(signingRequestId, context)
      const details = { signingRequestId }
      return { kind: 'earlierRequest', fileName, sha256, size, isAtHand: true, secretsId: null, details }
    },
    async retrieve(source, { request }) {
      const { signingRequestId } = source.details
      const artifact = await artifactOf(signingRequestId, request)
      if (artifact.sha256 !== promised(source).sha256) throw notUsable(signingRequestId, 'its artifact is another one')
      const { size } = await store.open(artifact.sha256)
      return { ...artifact, size }
    },
    describe: ({ details: { signingRequestId } }) => ({ 'signing request': signingRequestId }),
  }
}
