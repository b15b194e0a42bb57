import { clearAllDataLoaders } from '@pothos/plugin-dataloader'
import type { SignedHashes } from '../application/index.ts'
import { requestStatus } from '../domain/index.ts'
import { builder } from './builder.ts'
import { RequestStatusRef, WorkflowStatusRef } from './enums.ts'
import { uuidOrSlug } from './global-id.ts'
import { reached } from './minimum-position.ts'
import { onceProjected } from './once-projected.ts'
import { SigningRequestRef } from './refs.ts'

const HashSignatureAlgorithmRef = builder.enumType('HashSignatureAlgorithm', {
  description: 'How a hash is signed.',
  values: {
    RsaPkcs1: { description: 'RSASSA-PKCS1-v1_5.' },
    RsaPss: { description: 'RSASSA-PSS, with the same hash in MGF1 and a salt as long as the hash.' },
    Ecdsa: { description: 'ECDSA: of a hash that is longer than the curve the leftmost bits count.' },
  } as const,
})

const EcdsaSignatureFormatRef = builder.enumType('EcdsaSignatureFormat', {
  description: 'How an ECDSA signature is encoded.',
  values: {
    Ieee: { description: 'r and s of equal length, one after the other.' },
    Asn1: { description: 'The DER of an ECDSA-Sig-Value.' },
  } as const,
})

const PayloadRef = builder.objectRef<SignedHashes>('SignHashesPayload').implement({
  description: 'A request to sign hashes, and the signatures where there are some already.',
  fields: (t) => ({
    signingRequestId: t.exposeID('signingRequestId', { description: 'UUID.' }),
    position: t.expose('position', {
      type: 'LogPosition',
      description: 'Where its submission is in the log. Pass it as `minimumPosition` to queries that must see it.',
    }),
    status: t.field({ type: RequestStatusRef, resolve: ({ workflowStatus }) => requestStatus(workflowStatus) }),
    workflowStatus: t.expose('workflowStatus', { type: WorkflowStatusRef }),
    signatures: t.stringList({
      nullable: true,
      description:
        'Base64, in the order of the hashes. Null while people must approve or the request is at work: send the same again under the same `idempotencyKey`, or download the signed artifact when it is completed.',
      resolve: ({ signatures }) => signatures && [...signatures],
    }),
    signingRequest: t.field({
      type: SigningRequestRef,
      nullable: true,
      resolve: async ({ signingRequestId, position }, _args, context) => {
        await reached(position, context)
        clearAllDataLoaders(context)
        return signingRequestId
      },
    }),
  }),
})

const SignHashesInput = builder.inputType('SignHashesInput', {
  fields: (t) => ({
    project: t.string({ required: true, description: 'Slug, UUID or node id.' }),
    signingPolicy: t.string({ required: true, description: 'Slug (in the project), UUID or node id.' }),
    signatureAlgorithm: t.field({ type: HashSignatureAlgorithmRef, required: true }),
    hashAlgorithm: t.string({
      description:
        'The hash algorithm by its OID, such as 2.16.840.1.101.3.4.2.1 for SHA-256. Of RSA; ECDSA names none.',
    }),
    signatureFormat: t.field({ type: EcdsaSignatureFormatRef, description: 'Of ECDSA; Ieee when absent.' }),
    hashes: t.stringList({ required: true, description: 'Base64, 1 to 4096.' }),
    metadata: t.string({ description: 'JSON, which is recorded with the request.' }),
    description: t.string(),
    version: t.string({ description: 'Which version of the product it is. Grants can ask for it.' }),
    idempotencyKey: t.string({ description: 'As of `submitSigningRequest`.' }),
  }),
})

builder.mutationField('signHashes', (t) =>
  t.field({
    type: PayloadRef,
    description:
      'Signs hashes as they are, by a policy that allows it. The signatures are in the answer when nobody has to approve.',
    args: { input: t.arg({ type: SignHashesInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(
        context,
        context.application.signHashes(context.caller, {
          project: uuidOrSlug(input.project, 'Project'),
          signingPolicy: uuidOrSlug(input.signingPolicy, 'SigningPolicy'),
          payload: {
            signatureAlgorithm: input.signatureAlgorithm,
            rsaHashAlgorithm: input.hashAlgorithm ?? null,
            ecdsaSignatureFormat: input.signatureFormat ?? null,
            hashes: input.hashes,
            metadata: input.metadata ?? null,
          },
          description: input.description ?? null,
          version: input.version ?? null,
          idempotencyKey: input.idempotencyKey ?? null,
        }),
      ),
  }),
)
