import type { ExistingSignature, ExistingTimestamp } from '../domain/index.ts'
import { builder } from './builder.ts'

const OutcomeRef = builder.enumType('ExistingSignatureOutcome', {
  description: 'What becomes of a signature that a file has already.',
  values: {
    kept: { value: 'kept' as const, description: 'It stays byte for byte, and ours is added.' },
    replaced: { value: 'replaced' as const, description: 'It is removed.' },
  },
})

const KindRef = builder.enumType('ExistingSignatureKind', {
  values: {
    signature: { value: 'signature' as const },
    unreadable: { value: 'unreadable' as const, description: 'Bytes in its place that are no readable signature.' },
  },
})

const IntegrityRef = builder.enumType('SignatureIntegrity', {
  description: 'Whether a signature fits. Whether anybody trusts its certificate is not judged.',
  values: {
    intact: { value: 'intact' as const, description: "It fits, and its certificate's key made it." },
    fileChanged: { value: 'fileChanged' as const, description: 'Its digest is not that of the file.' },
    invalid: { value: 'invalid' as const, description: "Its certificate's key did not make it." },
    unchecked: {
      value: 'unchecked' as const,
      description: 'It uses an algorithm that is not known, or its certificate is not there.',
    },
  },
})

const TimestampKindRef = builder.enumType('ExistingTimestampKind', {
  values: {
    rfc3161: { value: 'rfc3161' as const },
    countersignature: {
      value: 'countersignature' as const,
      description: 'That of RFC 5652 §11.4, as before RFC 3161.',
    },
  },
})

const ExistingTimestampRef = builder.objectRef<ExistingTimestamp>('ExistingTimestamp').implement({
  description: 'The time-stamp of a signature that a file has already.',
  fields: (t) => ({
    kind: t.expose('kind', { type: TimestampKindRef }),
    time: t.expose('time', { type: 'DateTime' }),
    authority: t.exposeString('authority', {
      nullable: true,
      description: 'Subject of its certificate, RFC 4514. Null when the certificate is not there.',
    }),
    integrity: t.expose('integrity', { type: IntegrityRef }),
    uncovered: t.stringList({
      description: 'What came along that nothing signed covers, so that anything could stand there.',
      resolve: ({ uncovered }) => [...uncovered],
    }),
  }),
})

/** A signature that a file has before it is signed here. */
export const ExistingSignatureRef = builder.objectRef<ExistingSignature>('ExistingSignature').implement({
  description:
    'A signature that the file has already, whoever made it. Names are as it states them: everybody can make a certificate in any name.',
  fields: (t) => ({
    kind: t.expose('kind', { type: KindRef }),
    outcome: t.expose('outcome', { type: OutcomeRef }),
    place: t.exposeString('place', {
      description: 'Where it stands, as its format calls it, such as `certificate table`.',
    }),
    depth: t.exposeInt('depth', {
      description:
        '0 when it stands by itself; 1 when it is inside of the one before it that has the depth 0; and so on.',
    }),
    sha256: t.exposeString('sha256', {
      description:
        'Over what its format takes for the signature itself, hexadecimal: it stays the same when others are added.',
    }),
    reason: t.string({
      nullable: true,
      description: 'Why it cannot be read, when it is unreadable; nothing below is known then.',
      resolve: (signature) => (signature.kind === 'unreadable' ? signature.reason : null),
    }),
    signer: t.string({
      nullable: true,
      description: "Subject of the signer's certificate, RFC 4514. Null when the certificate is not there.",
      resolve: (signature) => readable(signature)?.signer,
    }),
    issuer: t.string({ nullable: true, resolve: (signature) => readable(signature)?.issuer }),
    serialNumber: t.string({
      nullable: true,
      description: "Of the signer's certificate, hexadecimal.",
      resolve: (signature) => readable(signature)?.serialNumber,
    }),
    digestAlgorithm: t.string({
      nullable: true,
      description: 'Such as `sha256` and `sha1`; the object identifier of an algorithm that is not known.',
      resolve: (signature) => readable(signature)?.digestAlgorithm,
    }),
    integrity: t.field({
      type: IntegrityRef,
      nullable: true,
      resolve: (signature) => readable(signature)?.integrity,
    }),
    timestamp: t.field({
      type: ExistingTimestampRef,
      nullable: true,
      resolve: (signature) => readable(signature)?.timestamp,
    }),
    uncovered: t.stringList({
      description: "What is in it that nothing signed covers, the time-stamp's apart.",
      resolve: (signature) => [...(readable(signature)?.uncovered ?? [])],
    }),
  }),
})

function readable(signature: ExistingSignature) {
  return signature.kind === 'signature' ? signature : undefined
}
