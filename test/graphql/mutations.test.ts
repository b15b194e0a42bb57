import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openReadModel, openSqliteReadModel } from '../../projections/index.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const submit = `mutation ($input: SubmitSigningRequestInput!) { submitSigningRequest(input: $input) {
  position signingRequestId signingRequest { id status description submitter { name } } } }`
const approve = `mutation ($input: ApproveSigningRequestInput!) { approveSigningRequest(input: $input) {
  position signingRequest { status approvals { approver { name } comment counts } missingApprovals } } }`
const deny = `mutation ($input: DenySigningRequestInput!) { denySigningRequest(input: $input) {
  signingRequest { status denial { comment approver { name } } } } }`
const cancel = `mutation ($input: CancelSigningRequestInput!) { cancelSigningRequest(input: $input) {
  signingRequest { status cancellation { reason } } } }`

describe('mutations', () => {
  it('take a request from its upload over its approvals, each answer with the change in it', async () => {
    const server = await startGraphQLServer()
    const [anna, bert] = server.approvers
    const uploadId = await server.upload(server.submitter)
    const submitted = await server.ask(server.submitter, submit, {
      input: { project: 'demo', signingPolicy: 'release-signing', uploadId, description: 'release 1' },
    })
    expect(submitted.errors).toBeUndefined()
    const { signingRequestId, signingRequest, position } = submitted.data.submitSigningRequest
    expect(signingRequest).toMatchObject({ description: 'release 1', submitter: { name: 'Sam Submitter' } })
    expect(position).toBe(await server.log.head())

    const planDigest = await server.plan(signingRequestId)
    const first = await server.ask(anna, approve, {
      input: { signingRequestId, planDigest, comment: 'looks right' },
    })
    expect(first.data.approveSigningRequest.signingRequest).toEqual({
      status: 'WaitingForApproval',
      approvals: [{ approver: { name: 'Anna' }, comment: 'looks right', counts: true }],
      missingApprovals: 1,
    })
    const second = await server.ask(bert, approve, { input: { signingRequestId: signingRequest.id, planDigest } })
    expect(second.data.approveSigningRequest.signingRequest).toMatchObject({
      status: 'InProgress',
      missingApprovals: 0,
    })
  })

  it('are made while there is no read model of this release yet, and say what cannot be shown', async () => {
    const { readModel } = openReadModel(openSqliteReadModel({ path: join(temporaryFolder(), 'read-model.db') }))
    onTestFinished(() => readModel.close())
    const server = await startGraphQLServer({ readModel })
    const uploadId = await server.upload(server.submitter)
    const { data, errors } = await server.ask(
      server.submitter,
      `mutation ($input: SubmitSigningRequestInput!) { submitSigningRequest(input: $input) {
        position signingRequestId signingRequest { id } } }`,
      { input: { project: 'demo', signingPolicy: 'release-signing', uploadId, description: null } },
    )
    expect(data.submitSigningRequest).toMatchObject({ position: await server.log.head(), signingRequest: null })
    expect(errors?.map(({ extensions, path }) => [extensions.code, path])).toEqual([
      ['READ_MODEL_NOT_READY', ['submitSigningRequest', 'signingRequest']],
    ])
  })

  it('deny and cancel with what people say', async () => {
    const server = await startGraphQLServer()
    const [one, two] = [await server.submit(), await server.submit()]
    await server.plan(one)
    const denied = await server.ask(server.approvers[2], deny, { input: { signingRequestId: one, comment: 'no' } })
    expect(denied.data.denySigningRequest.signingRequest).toEqual({
      status: 'Denied',
      denial: { comment: 'no', approver: { name: 'Cora' } },
    })
    const canceled = await server.ask(server.submitter, cancel, { input: { signingRequestId: two, reason: 'oops' } })
    expect(canceled.data.cancelSigningRequest.signingRequest).toEqual({
      status: 'Canceled',
      cancellation: { reason: 'oops' },
    })
  })

  it('answer the state after each of several changes in one document', async () => {
    const server = await startGraphQLServer()
    const [anna] = server.approvers
    const id = await server.submit()
    const planDigest = await server.plan(id)
    const { data, errors } = await server.ask(
      anna,
      `mutation ($id: ID!, $digest: String!) {
        one: approveSigningRequest(input: { signingRequestId: $id, planDigest: $digest }) { signingRequest { status } }
        two: denySigningRequest(input: { signingRequestId: $id }) { signingRequest { status } } }`,
      { id, digest: planDigest },
    )
    expect(errors).toBeUndefined()
    expect(data).toEqual({
      one: { signingRequest: { status: 'WaitingForApproval' } },
      two: { signingRequest: { status: 'Denied' } },
    })
  })

  it('are told by canSubmit beforehand whether a submission would be taken', async () => {
    const server = await startGraphQLServer()
    const [anna] = server.approvers
    const check = `query ($input: CanSubmitInput!) { canSubmit(input: $input) {
      accepted signingRequestId refusal { code message details } } }`
    const ask = async (by: { token: string }, changes: Record<string, unknown>) =>
      (
        await server.ask(by, check, {
          input: { project: 'demo', signingPolicy: 'test-signing', fileName: 'a.exe', size: 100, ...changes },
        })
      ).data.canSubmit
    const taken = { accepted: true, signingRequestId: null, refusal: null }
    expect(await ask(server.submitter, {})).toEqual(taken)
    expect(await ask(server.submitter, { firstBytes: Buffer.from('MZ').toString('base64') })).toEqual(taken)
    const refused = (code: string) =>
      expect.objectContaining({ accepted: false, refusal: expect.objectContaining({ code }) })
    expect(await ask(anna, {})).toEqual(refused('FORBIDDEN'))
    expect(await ask(server.submitter, { size: 10_000_000 })).toEqual(refused('ARTIFACT_TOO_LARGE'))
    expect(await ask(server.submitter, { firstBytes: '*' })).toEqual(refused('FIRST_BYTES_MALFORMED'))
    const zip = Buffer.alloc(64, 'PK').toString('base64')
    expect(await ask(server.submitter, { firstBytes: zip })).toEqual(refused('FORMAT_NOT_SUPPORTED'))
    for (const size of [-1, 0.5, 2 ** 53]) {
      const input = { project: 'demo', signingPolicy: 'test-signing', fileName: 'a.exe', size }
      expect((await server.ask(server.submitter, check, { input })).errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
    }
  })

  it('are refused by the codes of the rules that they break', async () => {
    const server = await startGraphQLServer()
    const [anna] = server.approvers
    const id = await server.submit()
    const planDigest = await server.plan(id)
    const code = async (by: { token: string }, mutation: string, input: Record<string, unknown>) =>
      (await server.ask(by, mutation, { input })).errors?.[0]?.extensions
    const other = 'ab'.repeat(32)
    expect(await code(anna, approve, { signingRequestId: id, planDigest: other })).toEqual({
      code: 'PLAN_DIGEST_MISMATCH',
      details: { expected: planDigest, actual: other },
    })
    expect((await code(anna, approve, { signingRequestId: id, planDigest: 'short' }))?.code).toBe('DIGEST_MALFORMED')
    expect((await code(server.submitter, approve, { signingRequestId: id, planDigest }))?.code).toBe(
      'SUBMITTER_MAY_NOT_APPROVE',
    )
    expect((await code(server.auditor, approve, { signingRequestId: id, planDigest }))?.code).toBe('NOT_AN_APPROVER')
    expect(await code(anna, approve, { signingRequestId: id, planDigest })).toBeUndefined()
    expect((await code(anna, approve, { signingRequestId: id, planDigest }))?.code).toBe('ALREADY_APPROVED')
    expect((await code(server.auditor, cancel, { signingRequestId: id }))?.code).toBe('FORBIDDEN')
    expect((await code(anna, deny, { signingRequestId: randomUUID() }))?.code).toBe('SIGNING_REQUEST_NOT_FOUND')
    const uploadId = await server.upload(server.submitter)
    const submission = { project: 'demo', signingPolicy: 'release-signing', uploadId }
    expect((await code(anna, submit, submission))?.code).toBe('FORBIDDEN')
    expect((await code(server.submitter, submit, { ...submission, project: 'nothing' }))?.code).toBe(
      'PROJECT_NOT_FOUND',
    )
    expect((await code(server.submitter, submit, { ...submission, uploadId: randomUUID() }))?.code).toBe(
      'UPLOAD_NOT_FOUND',
    )
  })

  it('say that the change happened even when the read model does not get there in time', async () => {
    const server = await startGraphQLServer({ readModelTimeoutMs: 50 })
    const id = await server.submit()
    await server.caughtUp()
    await server.projector.stop()
    const { data, errors } = await server.ask(
      server.submitter,
      `mutation ($id: ID!) { cancelSigningRequest(input: { signingRequestId: $id }) {
        position signingRequestId signingRequest { status } } }`,
      { id },
    )
    expect(data.cancelSigningRequest).toEqual({
      position: await server.log.head(),
      signingRequestId: id,
      signingRequest: null,
    })
    expect(errors?.map(({ extensions, path }) => [extensions.code, path])).toEqual([
      ['READ_MODEL_BEHIND', ['cancelSigningRequest', 'signingRequest']],
    ])
  })
})

describe('minimumPosition', () => {
  it('makes a query wait until the read model has what was just changed', async () => {
    const server = await startGraphQLServer({ readModelTimeoutMs: 20_000 })
    for (let number = 0; number < 10; number += 1) {
      const id = await server.submit()
      const { data, errors } = await server.ask(
        server.submitter,
        'query ($id: ID!, $p: LogPosition!) { signingRequest(id: $id, minimumPosition: $p) { status } }',
        { id, p: await server.log.head() },
      )
      expect(errors).toBeUndefined()
      expect(data.signingRequest).toEqual({ status: 'InProgress' })
    }
  })

  it('is given up with a code when the read model does not get there', async () => {
    const server = await startGraphQLServer({ readModelTimeoutMs: 50 })
    const { data, errors } = await server.ask(
      server.submitter,
      '{ viewer(minimumPosition: "9999999999999999") { name } organization { name } }',
    )
    expect(data).toBeNull()
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'READ_MODEL_BEHIND',
      details: { expected: '9999999999999999', actual: await server.log.head(), waitedMs: 50 },
    })
  })
})
