import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { askGraphQL } from '../support/ask-graphql.ts'
import { type EmbeddedOrganization, openEmbeddedOrganization } from '../support/embedded-organization.ts'
import { makeDemo } from '../support/make-demo.ts'
import { realPrograms } from '../support/programs.ts'
import { type RunOptions, runCommand } from '../support/run-command.ts'
import { type ServiceProcess, startServe } from '../support/service-processes.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { until } from '../support/until.ts'

const folder = suiteFolder()
const data = join(folder, 'data')
const release = ['--project', 'demo', '--policy', 'release-signing']
let service: ServiceProcess
let organization: EmbeddedOrganization

beforeAll(async () => {
  copyFileSync((await realPrograms()).pe32plus, join(folder, 'program.exe'))
  await makeDemo(data)
  service = await startServe({ COUNTERSIGN_DATA: data, COUNTERSIGN_PORT: '0' })
  organization = await openEmbeddedOrganization(data)
}, 180_000)

afterAll(async () => {
  await organization?.close()
  await service?.end('SIGTERM')
}, 60_000)

function countersign(args: readonly string[], options: RunOptions = {}) {
  return runCommand(args, { environment: { COUNTERSIGN_DATA: data }, workingDirectory: folder, ...options })
}

// biome-ignore lint/suspicious/noExplicitAny: the test looks where the command's documentation says
async function json(...args: readonly string[]): Promise<any> {
  const ran = await countersign([...args, '--json'])
  expect(ran, args.join(' ')).toMatchObject({ code: 0, stderr: '' })
  return JSON.parse(ran.stdout)
}

/** Submits to the release policy, has one person approve, and says how it stands. */
async function signedByOne(approver: string): Promise<string> {
  const { signingRequestId: id } = await json('sign', 'program.exe', ...release, '--no-wait')
  const digest = await until('the plan', async () => {
    const { status, plan } = await json('request', 'show', id)
    return status === 'WaitingForApproval' && plan.digest
  })
  await json('request', 'approve', id, '--plan-digest', String(digest), '--as', approver)
  return id
}

/** Has the administrator want releases that one approver is enough for. */
async function wantOneApprover(): Promise<void> {
  const { url, users } = organization.credentials
  const { signingPolicies } = await json('policy', 'list')
  const { signingPolicyId, current } = signingPolicies.find(({ slug }: { slug: string }) => slug === 'release-signing')
  const named = (...names: readonly string[]) => names.map((name) => ({ user: users[name]?.userId }))
  const settings = {
    name: current.name ?? 'Release signing',
    certificateId: current.certificate.certificateId,
    submitters: named('ci', 'administrator'),
    approval: { approvers: named('approver-1', 'approver-2', 'approver-3'), requiredApprovals: 1 },
  }
  const { errors, data: changed } = await askGraphQL(
    url,
    users.administrator?.token,
    `mutation ($input: UpdateSigningPolicyInput!) { updateSigningPolicy(input: $input) { changeProposal { status } } }`,
    { input: { signingPolicyId, basedOnRevision: 0, settings } },
  )
  expect(errors).toBeUndefined()
  expect(changed.updateSigningPolicy.changeProposal).toEqual({ status: 'proposed' })
}

it('lets nobody lower the quorum of releases alone, and signs by the new one when another administrator agreed', async () => {
  const second = organization.credentials.users['approver-3']?.userId ?? ''
  await json('role', 'grant', 'globalAdministrator', second, '--as', 'administrator')
  await json('organization', 'change-control', '--approvals', '1', '--as', 'administrator')

  await wantOneApprover()
  const { changeProposals } = await until('the change is seen', async () => {
    const listed = await json('change', 'list', '--status', 'proposed')
    return listed.changeProposals.length > 0 && listed
  })
  const { changeProposalId } = changeProposals[0]
  const shown = await json('change', 'show', changeProposalId)
  expect(shown.difference).toContainEqual(
    expect.objectContaining({ path: 'settings.approval.requiredApprovals', before: 2, after: 1 }),
  )

  // The sample that the service signed at its first start.
  expect(shown.pastSimulation).toMatchObject({
    examined: 1,
    treatedOtherwise: [{ differences: [{ rule: 'approvals', before: '2 of 2', after: '2 of 1' }] }],
  })

  // Until then two must agree.
  const before = await signedByOne('approver-1')
  expect((await json('request', 'show', before)).missingApprovals).toBe(1)
  const own = await countersign(['change', 'approve', changeProposalId, '--yes', '--as', 'administrator'])
  expect(own).toMatchObject({ code: 6, stderr: expect.stringContaining('CHANGE_APPROVER_IS_AUTHOR') })

  const again = await countersign(['change', 'show', changeProposalId])
  expect(again.stdout).toContain('Of the last 2 requests, 2 would have been treated otherwise.')
  expect(again.stdout).toMatch(new RegExp(`${before} +approvals +1 of 2 +1 of 1`))

  const approved = await json('change', 'approve', changeProposalId, '--yes', '--as', 'approver-3')
  expect(approved.changeProposal.status).toBe('applied')
  const after = await signedByOne('approver-1')
  const completed = await until('it is signed', async () => {
    const request = await json('request', 'show', after)
    return request.isFinalStatus && request
  })
  expect(completed).toMatchObject({ status: 'Completed', signingPolicyVersion: 2 })
  // What was submitted before keeps the rules that it was submitted under.
  expect((await json('request', 'show', before)).status).toBe('WaitingForApproval')
}, 180_000)
