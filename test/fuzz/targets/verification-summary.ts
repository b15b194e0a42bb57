import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { canonicalJson } from '../../../domain/index.ts'
import { bundleMediaType, inTotoPayloadType, judgeSourceSummaries } from '../../../statements/index.ts'
import { commitId, sourceSummary } from '../../support/statements.ts'
import { mutateBytes } from '../mutation/bytes.ts'
import { FuzzFailure, type FuzzTarget, fuzzInputs } from '../target.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const spki = publicKey.export({ format: 'der', type: 'spki' })
const hint = createHash('sha256').update(spki).digest('base64')
const payload = Buffer.from(canonicalJson(sourceSummary()))
const demand = {
  commitId,
  repositoryUrl: 'https://github.com/acme/app',
  level: 3,
  verifiers: [{ id: 'https://verifier.example/source', keys: [spki] }],
  maximumAge: null,
} as const

/**
 * Verification summaries of source revisions: documents that were changed after they were signed count only with the very payload
 * that was signed, and payloads that a trusted verifier signed, however odd, are judged or refused with a code.
 */
export const target: FuzzTarget = {
  name: 'verification-summary',
  run: (request) =>
    fuzzInputs(request, async (random, seed) => {
      const isForged = random.below(3) > 0
      const stated = isForged ? payload : mutateBytes(payload, random)
      const whole = documentOf(stated, random.below(2) === 0)
      const input = isForged ? mutateBytes(whole, random) : whole
      const outcome = outcomeOf(input, seed)
      if (isForged && outcome === 'accepted' && !payloadOf(input)?.equals(payload))
        throw new FuzzFailure(seed, input, 'another payload than the one that was signed counts')
      return outcome
    }),
}

function outcomeOf(input: Buffer, seed: number): string {
  try {
    const judged = judgeSourceSummaries([input], demand, '2026-11-30T07:00:00.000Z')
    return judged.outcome === 'accepted' ? 'accepted' : (judged.refusals[0]?.code ?? 'refused without a code')
  } catch (cause) {
    throw new FuzzFailure(seed, input, 'judging it fails', { cause })
  }
}

function documentOf(stated: Buffer, asBundle: boolean): Buffer {
  const signed = Buffer.concat([Buffer.from(`DSSEv1 28 ${inTotoPayloadType} ${stated.length} `), stated])
  const dsseEnvelope = {
    payload: stated.toString('base64'),
    payloadType: inTotoPayloadType,
    signatures: [{ keyid: '', sig: sign(null, signed, privateKey).toString('base64') }],
  }
  const verificationMaterial = { publicKey: { hint } }
  const document = asBundle ? { mediaType: bundleMediaType, verificationMaterial, dsseEnvelope } : dsseEnvelope
  return Buffer.from(JSON.stringify(document))
}

/** What a reader finds in a document that was accepted. */
function payloadOf(input: Buffer): Buffer | undefined {
  const document = JSON.parse(input.toString()) as { payload?: string; dsseEnvelope?: { payload?: string } }
  const found = document.payload ?? document.dsseEnvelope?.payload
  return found === undefined ? undefined : Buffer.from(found, 'base64')
}
