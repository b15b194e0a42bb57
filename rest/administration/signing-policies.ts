import { z } from 'zod'
import type { Application } from '../../application/index.ts'
import {
  type CertificateId,
  existingSignatureTreatments,
  type ProjectId,
  type SigningPolicyId,
  type SigningPolicySettings,
} from '../../domain/index.ts'
import type { SigningPolicyView } from '../../projections/index.ts'
import type { Operation } from '../operation.ts'
import { basedOn, basedOnRequired, change, idSchema, reasoned } from './change.ts'
import { originVerification, showVerification, verificationOf } from './origin-verification.ts'
import { principalsSchema, shownPrincipals, showPrincipals } from './principals.ts'
import { list, one, type Reading, recordedShape } from './read.ts'

const tag = 'Signing policies'
const parameters = z.object({ signingPolicyId: idSchema<SigningPolicyId>() })
const shape = { signingPolicyId: z.uuid() }

const changeControl = z.object({
  requiredApprovals: z.int().min(1).meta({ description: 'Approvals of others that a change takes.' }),
  lifetimeSeconds: z.int().min(1).meta({ description: 'After so many seconds a change that was not applied lapses.' }),
})

/** All that a policy demands, as GraphQL takes it. */
export const settingsSchema = z.object({
  name: z.string(),
  certificateId: idSchema<CertificateId>(),
  submitters: principalsSchema.meta({ description: 'Who may submit.' }),
  approval: z
    .object({
      approvers: principalsSchema,
      requiredApprovals: z.int().meta({ description: 'So many different people must agree, 1 or more.' }),
      submitterMayApprove: z.boolean().default(false),
      deadlineSeconds: z.int().nullable().default(null),
    })
    .nullable()
    .default(null)
    .meta({ description: 'Null: nobody is asked.' }),
  timestamp: z.enum(['required', 'none']).default('required'),
  release: z
    .boolean()
    .default(false)
    .meta({ description: 'Strong algorithms only, time-stamp always, no test certificates.' }),
  existingSignatures: z
    .array(z.enum(existingSignatureTreatments))
    .default(['replace', 'append', 'refuse'])
    .meta({ description: 'What submissions may ask for, the default first.' }),
  trustedBuildSystemRequired: z.boolean().default(false),
  originVerification: originVerification.nullable().default(null).meta({
    description:
      'What the origin of artifacts must be, which is verified then; needs a trusted build system and the repository URL of the project. Null: it is not.',
  }),
  hashSigningAllowed: z.boolean().default(false).meta({
    description:
      'Whether hashes are signed whose content the service has not seen: such a signature can be made into one of any format, of anything. Takes no time-stamp.',
  }),
  changeControl: changeControl.nullable().default(null),
})

/** The same in answers. */
export const shownSettings = z.object({
  name: z.string(),
  certificateId: z.uuid(),
  submitters: shownPrincipals,
  approval: z
    .object({
      approvers: shownPrincipals,
      requiredApprovals: z.int(),
      submitterMayApprove: z.boolean(),
      deadlineSeconds: z.int().nullable(),
    })
    .nullable(),
  timestamp: z.enum(['required', 'none']),
  release: z.boolean(),
  existingSignatures: z.array(z.enum(existingSignatureTreatments)),
  trustedBuildSystemRequired: z.boolean(),
  originVerification: originVerification.nullable(),
  hashSigningAllowed: z.boolean(),
  changeControl: changeControl.nullable(),
})

const policySchema = z.object({
  signingPolicyId: z.uuid(),
  projectId: z.uuid(),
  slug: z.string(),
  status: z.enum(['active', 'inactive']),
  version: z.int().meta({ description: 'Of the settings, from 1.' }),
  settings: shownSettings,
  ...recordedShape,
})

/** Signing policies: what GraphQL calls by the same names. */
export function signingPolicyOperations(
  reading: Reading & { readonly application: Application },
): readonly Operation[] {
  const { application, readModel } = reading
  const read = { tag, permission: 'readOrganization', schema: policySchema, show: shown } as const
  return [
    list(reading, {
      ...read,
      operationId: 'signingPolicies',
      path: '/SigningPolicies',
      summary: 'List signing policies, by slug',
      query: { projectId: idSchema<ProjectId>().optional() },
      read: ({ organizationId }, page, { projectId }) =>
        readModel.listSigningPolicies(organizationId, projectId === undefined ? {} : { projectId }, page),
    }),
    one(reading, {
      ...read,
      operationId: 'signingPolicy',
      path: '/SigningPolicies/{signingPolicyId}',
      summary: 'Read a signing policy',
      parameters,
      missing: ['SIGNING_POLICY_NOT_FOUND', 'signing policy'],
      find: async ({ organizationId }, { signingPolicyId }) =>
        (await readModel.signingPoliciesByIds(organizationId, [signingPolicyId]))[0],
    }),
    change({
      useCase: 'createSigningPolicy',
      method: 'POST',
      path: '/SigningPolicies',
      tag,
      summary: 'Create a signing policy',
      body: z.object({ projectId: idSchema<ProjectId>(), slug: z.string(), settings: settingsSchema }),
      shape,
      creates: true,
      run: (caller, { projectId, slug, settings }) =>
        application.createSigningPolicy(caller, { projectId, slug, settings: settingsOf(settings) }),
    }),
    change({
      useCase: 'updateSigningPolicy',
      method: 'PUT',
      path: '/SigningPolicies/{signingPolicyId}',
      tag,
      summary: 'Give a signing policy a new version: what is left out is as its description says, and not as it was',
      parameters,
      body: z.object({ ...basedOnRequired, settings: settingsSchema }),
      shape,
      run: (caller, { settings, ...input }) =>
        application.updateSigningPolicy(caller, { ...input, settings: settingsOf(settings) }),
    }),
    change({
      useCase: 'deactivateSigningPolicy',
      method: 'POST',
      path: '/SigningPolicies/{signingPolicyId}/Deactivate',
      tag,
      summary: 'Put a signing policy out of use: nothing is signed by it from now on',
      parameters,
      body: z.object({ ...basedOn, ...reasoned }),
      shape,
      run: (caller, input) => application.deactivateSigningPolicy(caller, input),
    }),
    change({
      useCase: 'reactivateSigningPolicy',
      method: 'POST',
      path: '/SigningPolicies/{signingPolicyId}/Reactivate',
      tag,
      summary: 'Put a signing policy into use again',
      parameters,
      body: z.object(basedOn),
      shape,
      run: (caller, input) => application.reactivateSigningPolicy(caller, input),
    }),
  ]
}

/** The settings that {@link settingsSchema} has read. */
export function settingsOf({
  changeControl: control,
  trustedBuildSystemRequired,
  originVerification: origin,
  hashSigningAllowed,
  ...settings
}: z.output<typeof settingsSchema>): SigningPolicySettings {
  return {
    ...settings,
    ...(control === null ? {} : { changeControl: control }),
    ...(trustedBuildSystemRequired ? { trustedBuildSystemRequired } : {}),
    ...(origin === null ? {} : { originVerification: verificationOf(origin) }),
    ...(hashSigningAllowed ? { hashSigningAllowed } : {}),
  }
}

function shown(view: SigningPolicyView): z.input<typeof policySchema> {
  const { signingPolicyId, projectId, slug, status, versions, revision, createdAt, updatedAt } = view
  const current = versions.at(-1)
  if (current === undefined) throw new Error('A policy has a version.')
  return {
    ...{ signingPolicyId, projectId, slug, status, version: current.version, revision, createdAt, updatedAt },
    settings: showSettings(current.settings),
  }
}

/** The settings of one version, as answers show them. */
export function showSettings(settings: SigningPolicySettings): z.input<typeof shownSettings> {
  const {
    approval,
    changeControl: control = null,
    trustedBuildSystemRequired = false,
    originVerification: origin = null,
    hashSigningAllowed = false,
  } = settings
  return {
    name: settings.name,
    certificateId: settings.certificateId,
    submitters: showPrincipals(settings.submitters),
    approval: approval && { ...approval, approvers: showPrincipals(approval.approvers) },
    timestamp: settings.timestamp,
    release: settings.release,
    existingSignatures: [...settings.existingSignatures],
    trustedBuildSystemRequired,
    originVerification: origin && showVerification(origin),
    hashSigningAllowed,
    changeControl: control,
  }
}
