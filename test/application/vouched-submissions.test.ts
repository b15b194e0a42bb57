import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { issueApiToken } from '../../application/api-tokens.ts'
import { createCiUser } from '../../application/create-user.ts'
import type { Caller } from '../../application/index.ts'
import { type SigningPolicySettings, streams } from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { codeOf } from '../support/code-of.ts'
import { memoryKey } from '../support/memory-key.ts'
import { commitId, signedDocuments, sourceSummary } from '../support/statements.ts'
import { testApplication } from '../support/test-application.ts'

/** A policy that demands a trusted build system, a CI user who may submit to it, and a build system that is not linked yet. */
async function demanding() {
  const test = await testApplication()
  const { application, dependencies, setup } = test
  const ada = await test.user('Ada', 'globalAdministrator')
  const anna = await test.user('Anna')
  const { userId: ci } = await createCiUser(dependencies, setup, { name: 'CI', responsible: ada.userId })
  const { token: apiToken } = await issueApiToken(dependencies, setup, { userId: ci, name: 'build', expiresAt: null })
  const { projectId, signingPolicyId, certificateId } = await test.policy({ submitters: [] })
  const { groupId } = await application.createGroup(ada, { name: 'Builds', description: null, members: [ci] })
  const settings: SigningPolicySettings = {
    name: 'Release',
    certificateId,
    submitters: [{ group: groupId }],
    approval: {
      approvers: [{ user: anna.userId }],
      requiredApprovals: 1,
      submitterMayApprove: false,
      deadlineSeconds: null,
    },
    timestamp: 'none',
    release: false,
    existingSignatures: ['replace'],
    trustedBuildSystemRequired: true,
  }
  const update = (changes: Partial<SigningPolicySettings>, basedOnRevision: number) =>
    application.updateSigningPolicy(ada, { signingPolicyId, basedOnRevision, settings: { ...settings, ...changes } })
  const system = await application.createTrustedBuildSystem(ada, {
    slug: 'jenkins',
    name: 'Jenkins',
    description: null,
    kind: 'jenkins',
  })
  const { trustedBuildSystemId, token: trustedBuildSystemToken } = system
  const call = (vouched: boolean, token = trustedBuildSystemToken): Promise<Caller> =>
    application.authenticate({ apiToken, ...(vouched && { trustedBuildSystemToken: token }) }, undefined)
  const link = { trustedBuildSystemId, projectId }
  return { test, ada, anna, ci, groupId, update, call, link, trustedBuildSystemToken, signingPolicyId }
}

describe('a policy that demands a trusted build system', () => {
  it('names no people as submitters, themselves or in groups', async () => {
    const { test, ada, ci, groupId, update } = await demanding()
    const { application } = test
    const bert = await test.user('Bert')
    expect(await codeOf(update({ submitters: [{ user: ci }, { user: bert.userId }] }, 0))).toBe('SUBMITTER_NOT_CI_USER')
    await application.changeGroupMembers(ada, { groupId, add: [bert.userId], remove: [] })
    expect(await codeOf(update({}, 0))).toBe('SUBMITTER_NOT_CI_USER')
    await application.changeGroupMembers(ada, { groupId, add: [], remove: [bert.userId] })
    expect(await codeOf(update({}, 0))).toBe('done')
  })

  it('takes what a linked and enabled one vouches for, and nothing else, whoever sends it', async () => {
    const { test, ada, anna, groupId, update, call, link, trustedBuildSystemToken } = await demanding()
    const { application } = test
    await update({}, 0)
    const submit = async (vouched: boolean) => codeOf(test.submit(await call(vouched)))
    expect(await submit(false)).toBe('TRUSTED_BUILD_SYSTEM_REQUIRED')
    expect(await submit(true)).toBe('TRUSTED_BUILD_SYSTEM_NOT_LINKED')
    await application.linkTrustedBuildSystem(ada, link)
    expect(await submit(true)).toBe('done')
    // The call was known before it was disabled.
    const before = await call(true)
    await application.disableTrustedBuildSystem(ada, { ...link, reason: null })
    expect(await codeOf(test.submit(before))).toBe('TRUSTED_BUILD_SYSTEM_DISABLED')
    await application.enableTrustedBuildSystem(ada, link)
    const signingRequestId = await test.submit(await call(true))
    const { events } = await readWholeStream(test.dependencies.log, streams.signingRequest(signingRequestId))
    expect(events[0]?.metadata.actor).toMatchObject({
      vouchedBy: { trustedBuildSystemId: link.trustedBuildSystemId, node: null },
    })
    // Where the policy verifies origins, what never could be is refused before there is a request.
    const { projectId } = link
    await application.updateProject(ada, {
      projectId,
      basedOnRevision: 0,
      name: 'Program',
      description: null,
      readers: [],
      configurators: [],
      repositoryUrl: 'https://git.example.org/team/program',
    })
    await update({ originVerification: { allowedBranches: ['main'] } }, 1)
    expect(await codeOf(test.submit(await call(true)))).toBe('ORIGIN_JENKINS_INCOMPLETE')
    const said = (commitId: string | null) => ({
      repositoryData: {
        url: 'https://git.example.org/team/program',
        branchName: 'main',
        commitId,
        sourceControlManagementType: 'git',
      },
      buildData: null,
    })
    const asked = { project: 'tool', signingPolicy: 'release', description: null, fileName: 'setup.exe', size: 9 }
    const submitFrom = async (token: string, commitId: string | null) =>
      codeOf(application.canSubmit(await call(true, token), { ...asked, firstBytes: null, origin: said(commitId) }))
    const commit = 'ab'.repeat(20)
    expect(await submitFrom(trustedBuildSystemToken, commit)).toBe('ORIGIN_JENKINS_INCOMPLETE')
    const other = async (kind: 'custom' | 'authenticationProxy') => {
      const made = await application.createTrustedBuildSystem(ada, {
        slug: kind.toLowerCase(),
        name: kind,
        description: null,
        kind,
      })
      await application.linkTrustedBuildSystem(ada, { projectId, trustedBuildSystemId: made.trustedBuildSystemId })
      return made.token
    }
    expect(await submitFrom(await other('authenticationProxy'), commit)).toBe('ORIGIN_NODE_UNKNOWN')
    const custom = await other('custom')
    expect(await submitFrom(custom, null)).toBe('ORIGIN_CLAIM_INCOMPLETE')
    expect(await codeOf(test.submit(await call(true, custom)))).toBe('ORIGIN_CLAIM_INCOMPLETE')
    expect(await submitFrom(custom, commit)).toBe('done')
    // A verification summary of the source that the policy demands comes along.
    const key = memoryKey('ec-p256')
    const pem = `-----BEGIN PUBLIC KEY-----\n${Buffer.from(key.publicKey).toString('base64')}\n-----END PUBLIC KEY-----\n`
    const rule = (publicKey: string) => ({
      allowedBranches: ['main'],
      sourceSummary: {
        level: 3 as const,
        verifiers: [{ id: 'https://verifier.example/source', publicKeys: [publicKey] }],
        maximumAgeSeconds: null,
      },
    })
    expect(await codeOf(update({ originVerification: rule('AAAA'.repeat(10)) }, 2))).toBe('SOURCE_SUMMARY_RULE_INVALID')
    await update({ originVerification: rule(pem) }, 2)
    const caller = await call(true, custom)
    const submitWith = async (resourceUri: string | null) => {
      const { envelope } = await signedDocuments(
        key,
        sourceSummary({ predicate: { resourceUri, timeVerified: '2020-01-01T00:00:00Z' } }),
      )
      const upload = async (fileName: string, bytes: Uint8Array | string) =>
        (await application.uploadArtifact(caller, { fileName, bytes: Readable.from([Buffer.from(bytes)]) })).uploadId
      const [file, summary] = [await upload('setup.exe', 'a program'), await upload('summary.json', envelope)]
      const origin = { ...said(commitId), sourceSummaryUploadIds: resourceUri === null ? [] : [summary] }
      return codeOf(
        application.submitSigningRequest(caller, {
          ...{ project: 'tool', signingPolicy: 'release', description: null, origin },
          source: { kind: 'uploadedFile', uploadId: file },
        }),
      )
    }
    expect(await submitWith(null)).toBe('SOURCE_SUMMARY_REFUSED')
    expect(await submitWith('git+https://git.example.org/team/other')).toBe('SOURCE_SUMMARY_REFUSED')
    expect(await submitWith('git+https://git.example.org/team/program')).toBe('done')
    // Groups change after the policy was saved.
    await application.changeGroupMembers(ada, { groupId, add: [anna.userId], remove: [] })
    const person = await application.authenticate({ apiToken: anna.token, trustedBuildSystemToken }, undefined)
    expect(await codeOf(test.submit(person))).toBe('SUBMITTER_NOT_CI_USER')
  })
})

describe('a call that a build system vouches for', () => {
  it('approves nothing: no request, no change of a rule, nothing in advance; and denies what the caller may deny', async () => {
    const { test, ada, anna, update, call, link, trustedBuildSystemToken } = await demanding()
    const { application } = test
    await update({}, 0)
    await application.linkTrustedBuildSystem(ada, link)
    const signingRequestId = await test.submit(await call(true))
    const vouched = (apiToken: string) => application.authenticate({ apiToken, trustedBuildSystemToken }, undefined)
    const approval = { signingRequestId, planDigest: 'a'.repeat(64), comment: null }
    const byAnna = await vouched(anna.token)
    expect(await codeOf(application.approveSigningRequest(byAnna, approval))).toBe('APPROVAL_FROM_BUILD')
    // Without the token it is the state of the request that is looked at.
    expect(await codeOf(application.approveSigningRequest(anna, approval))).toBe('NOT_WAITING_FOR_APPROVAL')
    expect(await codeOf(application.denySigningRequest(byAnna, { signingRequestId, comment: null }))).toBe(
      'NOT_WAITING_FOR_APPROVAL',
    )
    expect(await codeOf(application.giveGrant(byAnna, {} as never))).toBe('APPROVAL_FROM_BUILD')
    const change = { changeProposalId: signingRequestId, comment: null }
    expect(await codeOf(application.approveChange(await vouched(ada.token), change))).toBe('APPROVAL_FROM_BUILD')
  })

  it('is proposed and approved before it can vouch where changes of rules are controlled; disabling and unlinking are not', async () => {
    const { test, ada, link } = await demanding()
    const { application } = test
    const bea = await test.user('Bea', 'globalAdministrator')
    await test.user('Cleo', 'globalAdministrator')
    await application.changeChangeControl(ada, {
      changeControl: { requiredApprovals: 1, lifetimeSeconds: 86_400 },
      basedOnRevision: null,
    })
    const created = await application.createTrustedBuildSystem(ada, {
      slug: 'github',
      name: 'GitHub',
      description: null,
      kind: 'githubActions',
    })
    const authenticate = (trustedBuildSystemToken: string) =>
      codeOf(application.authenticate({ apiToken: ada.token, trustedBuildSystemToken }, undefined))
    const approve = (handled: { readonly changeProposalId?: string }) =>
      application.approveChange(bea, { changeProposalId: handled.changeProposalId ?? '', comment: null })
    expect(await authenticate(created.token)).toBe('TRUSTED_BUILD_SYSTEM_TOKEN_INVALID')
    await approve(created)
    expect(await authenticate(created.token)).toBe('done')
    const { trustedBuildSystemId } = created
    const of = { trustedBuildSystemId }
    const rotated = await application.rotateTrustedBuildSystemToken(ada, { ...of, previousTokenValidUntil: null })
    expect([await authenticate(created.token), await authenticate(rotated.token)]).toEqual([
      'done',
      'TRUSTED_BUILD_SYSTEM_TOKEN_INVALID',
    ])
    await approve(rotated)
    expect([await authenticate(created.token), await authenticate(rotated.token)]).toEqual([
      'TRUSTED_BUILD_SYSTEM_TOKEN_REPLACED',
      'done',
    ])
    const linked = await application.linkTrustedBuildSystem(ada, { ...link, trustedBuildSystemId })
    await approve(linked)
    const changed = await application.updateTrustedBuildSystem(ada, {
      ...of,
      basedOnRevision: 3,
      name: 'Builds',
      description: null,
    })
    const unlinked = await application.unlinkTrustedBuildSystem(ada, { ...link, trustedBuildSystemId })
    const disabled = await application.disableTrustedBuildSystem(ada, { ...of, reason: null })
    const enabled = await application.enableTrustedBuildSystem(ada, of)
    const proposed = [created, rotated, linked, changed, unlinked, disabled, enabled].map(
      ({ changeProposalId }) => changeProposalId !== undefined,
    )
    expect(proposed).toEqual([true, true, true, true, false, false, true])
    expect(await authenticate(rotated.token)).toBe('TRUSTED_BUILD_SYSTEM_DISABLED')
  })
})
