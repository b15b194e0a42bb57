import { clearAllDataLoaders } from '@pothos/plugin-dataloader'
import type { CertificateChanged } from '../application/index.ts'
import type { CertificateId, ContinuityFinding } from '../domain/index.ts'
import { base64Bytes } from './base64.ts'
import { builder } from './builder.ts'
import {
  AuthorityInput,
  authorityInput,
  OpenPgpInput,
  openPgpInput,
  RestrictionsInput,
  restrictionsOf,
  SelfSignedInput,
  selfSignedInput,
} from './certificate-inputs.ts'
import type { GraphQLContext } from './context.ts'
import { ControlledChangeRef } from './controlled-change.ts'
import { ContinuityAspectRef, ContinuitySeverityRef } from './enums.ts'
import { parseEntityId } from './global-id.ts'
import { minimumPosition, reached } from './minimum-position.ts'
import { onceProjected } from './once-projected.ts'
import { CertificateRef } from './refs.ts'

/** What became of a change of a certificate. */
export type Changed = CertificateChanged & { readonly certificateId: CertificateId }

/** A certificate after a change. */
export const CertificatePayloadRef = builder.objectRef<Changed>('CertificatePayload').implement({
  description: 'A certificate after a change that is in the log for good, or that was proposed.',
  interfaces: [ControlledChangeRef],
  fields: (t) => ({
    certificateId: t.exposeID('certificateId', { description: 'UUID.' }),
    changeProposalId: t.id({
      nullable: true,
      description: 'The change that was proposed instead: it holds when others have approved it.',
      resolve: ({ changeProposalId }) => changeProposalId ?? null,
    }),
    certificate: t.field({
      type: CertificateRef,
      nullable: true,
      description:
        'As it is now. Null, with the error `READ_MODEL_BEHIND`, when the read model did not get there in time.',
      resolve: async ({ certificateId, position }, _args, context) => {
        await reached(position, context)
        clearAllDataLoaders(context)
        return certificateId
      },
    }),
  }),
})

const FindingRef = builder.objectRef<ContinuityFinding>('ContinuityFinding').implement({
  description: 'Something that others compare and that differs between two certificates.',
  fields: (t) => ({
    aspect: t.expose('aspect', { type: ContinuityAspectRef }),
    severity: t.expose('severity', { type: ContinuitySeverityRef }),
    before: t.exposeString('before'),
    after: t.exposeString('after'),
    effect: t.exposeString('effect', { description: 'Who sees it, and what comes of it.' }),
  }),
})

builder.queryField('checkContinuity', (t) =>
  t.field({
    type: [FindingRef],
    description:
      'What changes for updaters, installers and platforms when a certificate takes the place of another one; empty when nobody sees a difference.',
    args: {
      before: t.arg.id({ required: true, description: 'The certificate that is used now: UUID or node id.' }),
      after: t.arg.id({ required: true, description: 'The certificate that is to take its place.' }),
      minimumPosition: minimumPosition(t),
    },
    resolve: async (_root, { before, after }, { application, caller }) => [
      ...(await application.checkContinuity(caller, {
        before: parseEntityId(before, 'Certificate'),
        after: parseEntityId(after, 'Certificate'),
      })),
    ],
  }),
)

const certificateId = { required: true, description: 'UUID or node id.' } as const

const InstallInput = builder.inputType('InstallCertificateInput', {
  fields: (t) => ({
    certificateId: t.id(certificateId),
    file: t.string({
      required: true,
      description: 'What the authority issued, base64 of the file: PEM, DER or PKCS #7, with its issuers or without.',
    }),
  }),
})

const RenewInput = builder.inputType('RenewCertificateInput', {
  fields: (t) => ({ certificateId: t.id(certificateId) }),
})

const ExpiryInput = builder.inputType('ChangeKeyExpiryInput', {
  fields: (t) => ({
    certificateId: t.id(certificateId),
    expiresAt: t.field({ type: 'DateTime', description: 'When the key ends, in whole seconds. Null: never.' }),
  }),
})

const RestrictInput = builder.inputType('RestrictCertificateInput', {
  fields: (t) => ({
    certificateId: t.id(certificateId),
    restrictions: t.field({ type: RestrictionsInput, required: true }),
    basedOnRevision: t.int({
      description:
        'The revision of the certificate that you saw: refused with `CHANGE_STALE` when there is a later one.',
    }),
  }),
})

const SwitchInput = builder.inputType('SwitchCertificateInput', {
  fields: (t) => ({ certificateId: t.id(certificateId), reason: t.string() }),
})

builder.mutationFields((t) => ({
  createSelfSignedCertificate: t.field({
    type: CertificatePayloadRef,
    description: 'Has a self-signed certificate made, for test signing, and its key when that is to be new.',
    args: { input: t.arg({ type: SelfSignedInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(context, context.application.createSelfSignedCertificate(context.caller, selfSignedInput(input))),
  }),
  requestCertificate: t.field({
    type: CertificatePayloadRef,
    description: 'Has the request for a certificate of an authority made, and its key when that is to be new.',
    args: { input: t.arg({ type: AuthorityInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(context, context.application.requestCertificate(context.caller, authorityInput(input))),
  }),
  installCertificate: t.field({
    type: CertificatePayloadRef,
    description: 'Installs what an authority issued, when everything about it is right.',
    args: { input: t.arg({ type: InstallInput, required: true }) },
    resolve: (_root, { input }, context) =>
      changed(context, input, (certificateId) =>
        context.application.installCertificate(context.caller, {
          certificateId,
          file: base64Bytes(input.file, 'file'),
        }),
      ),
  }),
  renewCertificate: t.field({
    type: CertificatePayloadRef,
    description: 'Has the next certificate of the same names and key made, or the request for it.',
    args: { input: t.arg({ type: RenewInput, required: true }) },
    resolve: (_root, { input }, context) =>
      changed(context, input, (certificateId) =>
        context.application.renewCertificate(context.caller, { certificateId }),
      ),
  }),
  createOpenPgpKey: t.field({
    type: CertificatePayloadRef,
    description: 'Has an OpenPGP key made, which certifies its user id, and its key when that is to be new.',
    args: { input: t.arg({ type: OpenPgpInput, required: true }) },
    resolve: (_root, { input }, context) =>
      onceProjected(context, context.application.createOpenPgpKey(context.caller, openPgpInput(input))),
  }),
  changeKeyExpiry: t.field({
    type: CertificatePayloadRef,
    description:
      'Has an OpenPGP key end at another moment, by a further self-signature. Publish the key again then: who verifies has the old end.',
    args: { input: t.arg({ type: ExpiryInput, required: true }) },
    resolve: (_root, { input }, context) =>
      changed(context, input, (certificateId) =>
        context.application.changeKeyExpiry(context.caller, { certificateId, expiresAt: input.expiresAt ?? null }),
      ),
  }),
  restrictCertificate: t.field({
    type: CertificatePayloadRef,
    description: 'Changes what every policy that uses the certificate must demand.',
    args: { input: t.arg({ type: RestrictInput, required: true }) },
    resolve: (_root, { input }, context) =>
      changed(context, input, (certificateId) =>
        context.application.restrictCertificate(context.caller, {
          certificateId,
          restrictions: restrictionsOf(input.restrictions),
          basedOnRevision: input.basedOnRevision ?? null,
        }),
      ),
  }),
  disableCertificate: t.field({
    type: CertificatePayloadRef,
    description: 'Disables a certificate: it signs nothing from now on.',
    args: { input: t.arg({ type: SwitchInput, required: true }) },
    resolve: (_root, { input }, context) =>
      changed(context, input, (certificateId) =>
        context.application.disableCertificate(context.caller, { certificateId, reason: input.reason ?? null }),
      ),
  }),
  enableCertificate: t.field({
    type: CertificatePayloadRef,
    description: 'Enables a certificate that was disabled.',
    args: { input: t.arg({ type: SwitchInput, required: true }) },
    resolve: (_root, { input }, context) =>
      changed(context, input, (certificateId) =>
        context.application.enableCertificate(context.caller, { certificateId, reason: input.reason ?? null }),
      ),
  }),
}))

/** What became of a change of the certificate that the input names. */
export async function changed(
  context: GraphQLContext,
  input: { readonly certificateId: string | number },
  change: (certificateId: CertificateId) => Promise<CertificateChanged>,
): Promise<Changed> {
  const certificateId = parseEntityId(String(input.certificateId), 'Certificate') as CertificateId
  return { certificateId, ...(await onceProjected(context, change(certificateId))) }
}
