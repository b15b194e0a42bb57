import { z } from 'zod'
import { type Application, type Caller, permissionsOfUseCases, type SignedHashes } from '../../application/index.ts'
import { Refusal, requestStatus, stepFailureCodes } from '../../domain/index.ts'
import { InvalidInput } from '../invalid-input.ts'
import type { Links } from '../links.ts'
import { type Operation, operation, organizationPath } from '../operation.ts'
import { choicesOf, submissionFields } from './submission-fields.ts'
import { submittedBody, submittedSchema } from './submitted.ts'

/** What a request for hashes can fail with: it has no file whose format could be wrong, and fetches nothing. */
const failures = stepFailureCodes.ending.filter((code) => !/^(?:AUTHENTICODE|LINK|OUTGOING|PE|UPLOAD|X509)_/.test(code))

const fields = submissionFields.omit({ existingSignatures: true }).extend({
  signatureAlgorithm: z.enum(['RsaPkcs1', 'RsaPss', 'Ecdsa']),
  rsaHashAlgorithm: z.string().optional().meta({
    description:
      'The hash algorithm by its OID: 1.3.14.3.2.26 (SHA-1), 2.16.840.1.101.3.4.2.1 (SHA-256), ….2.2 (SHA-384), ….2.3 (SHA-512). Not for ECDSA.',
  }),
  ecdsaSignatureFormat: z
    .enum(['Ieee', 'Asn1'])
    .optional()
    .meta({ description: 'Ieee (r and s, one after the other) when it is left out. Not for RSA.' }),
  base64EncodedHash: z.string().optional().meta({ description: 'The hash to be signed.' }),
  base64EncodedHashes: z
    .array(z.string())
    .optional()
    .meta({ description: 'Many hashes, in place of one; their signatures come in the same order.' }),
  metadata: z.unknown().optional().meta({ description: 'Any JSON; recorded with the request.' }),
})

const progress = {
  status: z.string().meta({ description: 'As of the request.' }),
  workflowStatus: z.string(),
}
const signed = submittedSchema.extend({
  ...progress,
  signature: z.string().optional().meta({ description: 'Base64; where one hash was sent.' }),
  signatures: z.array(z.string()).meta({ description: 'Base64, in the order of the hashes.' }),
})

/** The answer while there are no signatures. */
export const fastAtWork = {
  description: 'The request waits for approval, or is still at work: it is where Location says.',
  schema: submittedSchema.extend(progress),
  headers: { Location: 'Where the request is.' },
} as const

function atWork(links: Links, caller: Caller, outcome: SignedHashes) {
  const answer = submittedBody(links, caller, outcome)
  const { workflowStatus } = outcome
  return {
    ...answer,
    status: 202,
    body: { ...answer.body, status: requestStatus(workflowStatus), workflowStatus },
  } as const
}

/**
 * The answer to a fast signing request of the older path.
 *
 * @throws Refusal with the code of the request's failure
 */
export function fastAnswer(links: Links, caller: Caller, outcome: SignedHashes) {
  requireNotFailed(outcome)
  if (outcome.document === null) return atWork(links, caller, outcome)
  const { headers } = submittedBody(links, caller, outcome)
  const asJson = { ...headers, 'content-type': 'application/json; charset=utf-8' }
  return { status: 200, headers: asJson, body: outcome.document } as const
}

/**
 * `POST …/SigningRequests/SignHash`: hashes in, signatures out, where the policy allows it. Where people must approve, or no signer is
 * at hand, the request goes on: its caller polls it, or sends the same again under the same `Idempotency-Key`.
 */
export function hashOperations(options: {
  readonly application: Pick<Application, 'signHashes'>
  readonly links: Links
}): readonly Operation[] {
  const { application, links } = options
  return [
    operation({
      method: 'POST',
      path: `${organizationPath}/SigningRequests/SignHash`,
      access: permissionsOfUseCases.signHashes,
      operationId: 'signHash',
      tag: 'Signing requests',
      summary: 'Sign hashes',
      idempotency: 'useCase',
      body: { kind: 'fields', schema: fields },
      answers: {
        201: { description: 'The signatures.', schema: signed, headers: { Location: 'Where the request is.' } },
        202: fastAtWork,
      },
      // Whoever waits for the signatures is refused with what the request failed with.
      refusals: failures,
      async handle({ caller, body, idempotencyKey }) {
        const { existingSignatures: _, ...choices } = choicesOf(body, { idempotencyKey })
        const outcome = await application.signHashes(caller, { ...choices, payload: payloadOf(body) })
        requireNotFailed(outcome)
        const { signatures, workflowStatus } = outcome
        if (signatures === null) return atWork(links, caller, outcome)
        const answer = submittedBody(links, caller, outcome)
        const said = { ...answer.body, status: requestStatus(workflowStatus), workflowStatus }
        const all: string[] = [...signatures]
        const signedBody = { ...said, ...(all.length === 1 ? { signature: all[0] } : {}), signatures: all }
        return { ...answer, status: 201, body: signedBody }
      },
    }),
  ]
}

/** Who waits for signatures learns in place of them why there are none. */
function requireNotFailed({ failure, signingRequestId }: SignedHashes): void {
  if (failure !== null) throw new Refusal(failure.code, failure.message, { signingRequestId })
}

function payloadOf(body: z.output<typeof fields>) {
  const { signatureAlgorithm, rsaHashAlgorithm, ecdsaSignatureFormat, metadata } = body
  const { base64EncodedHash: one, base64EncodedHashes: many } = body
  if ((one === undefined) === (many === undefined))
    throw new InvalidInput({ base64EncodedHash: ['must be given, or base64EncodedHashes: one of them'] })
  return {
    signatureAlgorithm,
    rsaHashAlgorithm: rsaHashAlgorithm ?? null,
    ecdsaSignatureFormat: ecdsaSignatureFormat ?? null,
    hashes: many ?? [one ?? ''],
    metadata: metadata == null ? null : jsonOf(metadata),
  }
}

/** In a form it is text, which may be JSON. */
function jsonOf(metadata: unknown): string {
  if (typeof metadata !== 'string') return JSON.stringify(metadata)
  try {
    JSON.parse(metadata)
    return metadata
  } catch {
    return JSON.stringify(metadata)
  }
}
