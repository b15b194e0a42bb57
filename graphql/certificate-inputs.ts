import type { AuthorityCertificateInput, OpenPgpKeyInput, SelfSignedCertificateInput } from '../application/index.ts'
import type { CertificateId, CertificateRestrictions, CertificateSubject, KeyId } from '../domain/index.ts'
import { Refusal } from '../domain/index.ts'
import { builder } from './builder.ts'
import { AlternativeNameKindRef, KeyAlgorithmRef } from './enums.ts'
import { parseEntityId } from './global-id.ts'

const SubjectInput = builder.inputType('CertificateSubjectInput', {
  description: 'The subject of a certificate (X.520).',
  fields: (t) => ({
    commonName: t.string({ required: true }),
    organization: t.string(),
    organizationalUnit: t.string(),
    locality: t.string(),
    state: t.string(),
    country: t.string({ description: 'ISO 3166-1 alpha-2, such as `DE`.' }),
  }),
})

const KeyInput = builder.inputType('CertificateKeyInput', {
  description: 'The key that a certificate is for: one that there is, or a new one.',
  fields: (t) => ({
    keyId: t.id({ description: 'A key that there is: UUID or node id.' }),
    algorithm: t.field({ type: KeyAlgorithmRef, description: 'Of a new key.' }),
    keyStore: t.string({ description: "The key store of a new key, by its name in the signer's configuration." }),
  }),
})

/** What policies that use a certificate must demand. */
export const RestrictionsInput = builder.inputType('CertificateRestrictionsInput', {
  fields: (t) => ({
    minimumApprovals: t.int({ required: true, description: '0: approval is not demanded.' }),
    originVerification: t.boolean({ required: true }),
    timestamp: t.boolean({ required: true }),
  }),
})

const AlternativeNameInput = builder.inputType('AlternativeNameInput', {
  fields: (t) => ({
    kind: t.field({ type: AlternativeNameKindRef, required: true }),
    value: t.string({ required: true }),
  }),
})

const EstInput = builder.inputType('EstEnrolmentInput', {
  fields: (t) => ({
    server: t.string({ required: true, description: "The EST server's name in the configuration." }),
    renewBeforeDays: t.int({ required: true, description: 'So many days before its end it is renewed.' }),
  }),
})

/** What a self-signed certificate is asked for with. */
export const SelfSignedInput = builder.inputType('CreateSelfSignedCertificateInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    subject: t.field({ type: SubjectInput, required: true }),
    key: t.field({ type: KeyInput, required: true }),
    notBefore: t.field({ type: 'DateTime', required: true }),
    notAfter: t.field({ type: 'DateTime', required: true }),
    renewBeforeHours: t.int({ description: 'So many hours before its end the next one is made. Absent: it ends.' }),
    renews: t.id({ description: 'The certificate that it is to succeed.' }),
    restrictions: t.field({ type: RestrictionsInput }),
  }),
})

/** What a certificate of an authority is asked for with. */
export const AuthorityInput = builder.inputType('RequestCertificateInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    subject: t.field({ type: SubjectInput, required: true }),
    alternativeNames: t.field({ type: [AlternativeNameInput] }),
    key: t.field({ type: KeyInput, required: true }),
    est: t.field({ type: EstInput, description: 'The EST server that issues. Absent: what is issued is uploaded.' }),
    renews: t.id({ description: 'The certificate that it is to succeed.' }),
    restrictions: t.field({ type: RestrictionsInput }),
  }),
})

/** What an OpenPGP key is asked for with. */
export const OpenPgpInput = builder.inputType('CreateOpenPgpKeyInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    userId: t.string({ required: true, description: 'Such as `Acme Releases <release@acme.example>`.' }),
    key: t.field({ type: KeyInput, required: true }),
    expiresAt: t.field({ type: 'DateTime', description: 'When it ends, in whole seconds. Absent: never.' }),
    renews: t.id({ description: 'The certificate that it is to succeed.' }),
    restrictions: t.field({ type: RestrictionsInput }),
  }),
})

/** What the use case is asked with. @throws Refusal `CERTIFICATE_KEY_UNCLEAR`, `ID_MALFORMED` */
export function openPgpInput(input: typeof OpenPgpInput.$inferInput): OpenPgpKeyInput {
  const { userId, expiresAt } = input
  return { ...commonInput(input), userId, ...(expiresAt != null && { expiresAt }) }
}

/** What the use case is asked with. @throws Refusal `CERTIFICATE_KEY_UNCLEAR`, `ID_MALFORMED` */
export function selfSignedInput(input: typeof SelfSignedInput.$inferInput): SelfSignedCertificateInput {
  const { notBefore, notAfter, renewBeforeHours } = input
  const subject = withoutNulls(input.subject)
  return { ...commonInput(input), subject, notBefore, notAfter, ...(renewBeforeHours != null && { renewBeforeHours }) }
}

/** What the use case is asked with. @throws Refusal `CERTIFICATE_KEY_UNCLEAR`, `ID_MALFORMED` */
export function authorityInput(input: typeof AuthorityInput.$inferInput): AuthorityCertificateInput {
  const { alternativeNames, est } = input
  return {
    ...commonInput(input),
    subject: withoutNulls(input.subject),
    alternativeNames: [...(alternativeNames ?? [])],
    enrolment: est == null ? { by: 'upload' } : { by: 'est', ...est },
  }
}

/** What a use case is asked with. */
export function restrictionsOf(input: typeof RestrictionsInput.$inferInput): CertificateRestrictions {
  return { ...input }
}

type CommonInput = Pick<typeof AuthorityInput.$inferInput, 'name' | 'key' | 'renews' | 'restrictions'>

function commonInput({ name, key, renews, restrictions }: CommonInput) {
  return {
    name,
    key: keyOf(key),
    ...(renews != null && { renews: parseEntityId(String(renews), 'Certificate') as CertificateId }),
    ...(restrictions != null && { restrictions: restrictionsOf(restrictions) }),
  }
}

function withoutNulls(subject: typeof SubjectInput.$inferInput): CertificateSubject {
  const given = Object.entries(subject).filter(([, value]) => value != null)
  return Object.fromEntries(given) as unknown as CertificateSubject
}

function keyOf({ keyId, algorithm, keyStore }: typeof KeyInput.$inferInput): SelfSignedCertificateInput['key'] {
  if (keyId != null && algorithm == null && keyStore == null)
    return { keyId: parseEntityId(String(keyId), 'Key') as KeyId }
  if (keyId != null || algorithm == null)
    throw new Refusal(
      'CERTIFICATE_KEY_UNCLEAR',
      'A certificate is for a key that there is (keyId), or for a new one (algorithm, and keyStore where it is not the default).',
    )
  return { algorithm, ...(keyStore != null && { keyStore }) }
}
