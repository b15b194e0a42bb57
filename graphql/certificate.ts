import { EntityRef } from './entity.ts'
import { CertificateKindRef, CertificateStatusRef } from './enums.ts'
import { CertificateRef, KeyRef } from './refs.ts'

CertificateRef.implement({
  description: 'A certificate for a key in a key store.',
  interfaces: [EntityRef],
  fields: (t) => ({
    certificateId: t.exposeID('certificateId', { description: 'UUID.' }),
    name: t.exposeString('name'),
    kind: t.expose('kind', { type: CertificateKindRef }),
    status: t.expose('status', { type: CertificateStatusRef }),
    key: t.field({ type: KeyRef, nullable: true, resolve: ({ keyId }) => keyId }),
    renews: t.field({
      type: CertificateRef,
      nullable: true,
      description: 'The certificate that it succeeds, with the same key or another. Null for the first of a line.',
      resolve: ({ renews }) => renews,
    }),
    commonName: t.string({ resolve: ({ requested }) => requested.subject.commonName }),
    subject: t.string({
      nullable: true,
      description: 'RFC 4514 text. Null, as all below, until the certificate was issued.',
      resolve: ({ issued }) => issued?.subject ?? null,
    }),
    issuer: t.string({ nullable: true, resolve: ({ issued }) => issued?.issuer ?? null }),
    serialNumber: t.string({ nullable: true, resolve: ({ issued }) => issued?.serialNumber ?? null }),
    thumbprint: t.string({
      nullable: true,
      description: 'SHA-256 of the DER certificate, hexadecimal.',
      resolve: ({ issued }) => issued?.thumbprint ?? null,
    }),
    notBefore: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'As issued; as asked for until then. Null until an authority has issued.',
      resolve: ({ issued, requested }) =>
        issued?.notBefore ?? (requested.kind === 'selfSigned' ? requested.notBefore : null),
    }),
    notAfter: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'As issued; as asked for until then. Null until an authority has issued.',
      resolve: ({ issued, requested }) =>
        issued?.notAfter ?? (requested.kind === 'selfSigned' ? requested.notAfter : null),
    }),
    chain: t.stringList({
      description: 'DER certificates, base64, the signing one first. Empty until it was issued.',
      resolve: ({ issued }) => [...(issued?.chain ?? [])],
    }),
    pem: t.string({
      nullable: true,
      description: 'The chain as PEM (RFC 7468), the signing certificate first.',
      resolve: ({ issued }) => (issued === null ? null : issued.chain.map(asPem).join('')),
    }),
  }),
})

function asPem(derBase64: string): string {
  const lines = derBase64.match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}
