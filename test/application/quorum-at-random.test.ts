import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'
import {
  type GroupId,
  type PrincipalReference,
  quorumReached,
  Refusal,
  type Sha256Digest,
  type SigningPolicyId,
  type SigningPolicySettings,
  type UserId,
} from '../../domain/index.ts'
import { compareReadModel, openReadModel, openSqliteReadModel, startProjector } from '../../projections/index.ts'
import { buildMissingReadModel } from '../../projections/rebuild.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { type TestCaller, testApplication } from '../support/test-application.ts'

/** Somebody, by number: four people, the first of whom administers, and two CI users. */
const everybody = [0, 1, 2, 3, 4, 5] as const
/** Who is responsible for the CI users. */
const responsible: Readonly<Record<number, number>> = { 4: 1, 5: 2 }
/** What a policy names: a user, or one of two groups. */
type Named = number | 'first' | 'second'

/** What happens next. */
type Move =
  | { readonly kind: 'user'; readonly user: number }
  | { readonly kind: 'member'; readonly group: 'first' | 'second'; readonly user: number }
  | { readonly kind: 'policy' }
  | {
      readonly kind: 'settings'
      readonly submitters: readonly Named[]
      readonly approvers: readonly Named[]
      readonly requiredApprovals: number
      readonly submitterMayApprove: boolean
    }
type Settings = Extract<Move, { kind: 'settings' }>

const anyNamed = fc.subarray<Named>([...everybody, 'first', 'second'], { maxLength: 4 })
const anyMove: fc.Arbitrary<Move> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('user'), user: fc.integer({ min: 1, max: 5 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('member'),
      group: fc.constantFrom('first', 'second'),
      user: fc.nat(3),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('policy') }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('settings'),
      submitters: anyNamed,
      approvers: anyNamed,
      requiredApprovals: fc.integer({ min: 0, max: 3 }),
      submitterMayApprove: fc.boolean(),
    }),
  },
)

/** The organization, as plainly as it can be said. */
type Model = {
  readonly active: Set<number>
  readonly groups: { readonly first: Set<number>; readonly second: Set<number> }
  policy: { settings: Settings; isActive: boolean } | undefined
}

const personOf = (user: number) => responsible[user] ?? user

function accountsOf({ groups }: Model, named: readonly Named[]): readonly number[] {
  return [...new Set(named.flatMap((each) => (typeof each === 'number' ? [each] : [...groups[each]])))]
}

/** How a policy with these settings is answered: people are counted, and every submitter must find enough others. */
function answerOf(model: Model, settings: Settings): string {
  const { requiredApprovals, submitterMayApprove } = settings
  const approvers = accountsOf(model, settings.approvers).filter((user) => model.active.has(user))
  const people = new Set(approvers.map(personOf))
  if (requiredApprovals < 1 || people.size < requiredApprovals) return 'APPROVAL_QUORUM'
  for (const submitter of accountsOf(model, settings.submitters)) {
    const others = [...people].filter((person) => submitterMayApprove || person !== personOf(submitter))
    if (others.length < requiredApprovals) return 'APPROVAL_QUORUM_UNREACHABLE'
  }
  return 'accepted'
}

async function organization() {
  const test = await testApplication()
  const ada = await test.user('Ada', 'globalAdministrator')
  const people = [ada, await test.user('Bea'), await test.user('Cleo'), await test.user('Dan')] as readonly TestCaller[]
  const ids = people.map(({ userId }) => userId)
  for (const user of [4, 5]) {
    const made = await test.application.createCiUser(ada, { name: 'CI', responsible: ids[personOf(user)] as UserId })
    ids.push(made.userId)
  }
  const group = async (name: string) =>
    (await test.application.createGroup(ada, { name, description: null, members: [] })).groupId
  const groups = { first: await group('First'), second: await group('Second') }
  const { projectId } = await test.application.createProject(ada, {
    ...{ slug: 'tool', name: 'Tool', description: null, repositoryUrl: null },
  })
  const certificateId = await test.certificate()
  const { log } = test.dependencies
  const database = openSqliteReadModel({ path: join(temporaryFolder(), 'read-model.db') })
  const { readModel, progress } = openReadModel(database)
  await buildMissingReadModel({ log: { async *readAll() {} }, database })
  const projector = startProjector({ log, database, progress, onStatus: () => undefined })
  onTestFinished(async () => {
    await projector.stop()
    await readModel.close()
  })
  return { test, ada, ids, groups, projectId, certificateId, log, database, readModel }
}
type Organization = Awaited<ReturnType<typeof organization>>

const reference = ({ ids, groups }: Organization, named: Named): PrincipalReference =>
  typeof named === 'number' ? { user: ids[named] as UserId } : { group: groups[named] as GroupId }

function settingsOf(organized: Organization, { submitters, approvers, ...rest }: Settings, name: string) {
  const { kind: _, ...process } = rest
  return {
    name,
    certificateId: organized.certificateId,
    submitters: submitters.map((each) => reference(organized, each)),
    approval: { ...process, approvers: approvers.map((each) => reference(organized, each)), deadlineSeconds: null },
    timestamp: 'none',
    release: false,
    existingSignatures: ['replace'],
  } satisfies SigningPolicySettings
}

/** Whether the request of a submitter is approved once everybody has approved it who can. */
function isApproved(organized: Organization, model: Model, settings: Settings, submitter: number): boolean {
  const planDigest = 'c'.repeat(64) as Sha256Digest
  const userId = (user: number) => organized.ids[user] as UserId
  const behind = (user: number) => (personOf(user) === user ? [] : [userId(personOf(user))])
  const { approval } = settingsOf(organized, settings, 'x')
  const approvals = accountsOf(model, settings.approvers)
    .filter((user) => model.active.has(user))
    .map((user) => ({
      approver: userId(user),
      peopleBehind: behind(user),
      planDigest,
      through: approval.approvers.filter((each) => !('user' in each) || each.user === userId(user)),
    }))
  const plan = { digest: planDigest }
  return quorumReached({ approval, submitter: userId(submitter), peopleBehind: behind(submitter), plan, approvals })
}

async function codeOf(asked: Promise<unknown>): Promise<string> {
  try {
    await asked
    return 'accepted'
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
}

/** Does it to the organization and to the model, and holds the answers against each other. */
async function happen(organized: Organization, model: Model, move: Move, number: number, id: { of?: SigningPolicyId }) {
  const { ids, groups, ada, projectId, test } = organized
  const { application } = test
  if (move.kind === 'user') {
    const userId = ids[move.user] as UserId
    if (model.active.delete(move.user)) await application.deactivateUser(ada, { userId, reason: null })
    else {
      model.active.add(move.user)
      await application.reactivateUser(ada, { userId })
    }
  } else if (move.kind === 'member') {
    const [groupId, members, user] = [groups[move.group], model.groups[move.group], ids[move.user] as UserId]
    const change = members.delete(move.user) ? { add: [], remove: [user] } : { add: [user], remove: [] }
    if (change.add.length > 0) members.add(move.user)
    await application.changeGroupMembers(ada, { groupId, ...change })
  } else if (move.kind === 'settings') {
    const settings = settingsOf(organized, move, `Policy ${number}`)
    const basedOnRevision = id.of === undefined ? -1 : await revisionOf(organized, id.of)
    const asked =
      id.of === undefined
        ? application.createSigningPolicy(ada, { projectId, slug: 'release', settings }).then((made) => {
            id.of = made.signingPolicyId
          })
        : application.updateSigningPolicy(ada, { signingPolicyId: id.of, basedOnRevision, settings })
    const answer = answerOf(model, move)
    expect(await codeOf(asked)).toBe(answer)
    // The rule is there for this: whoever may submit can have the request approved, by the count that signers make.
    if (answer === 'accepted') {
      for (const submitter of accountsOf(model, move.submitters))
        expect(isApproved(organized, model, move, submitter)).toBe(true)
      model.policy = { settings: move, isActive: model.policy?.isActive ?? true }
    } else if (move.requiredApprovals > 0 && move.submitters.length > 0 && answer !== 'APPROVAL_QUORUM')
      expect(accountsOf(model, move.submitters).every((each) => isApproved(organized, model, move, each))).toBe(false)
  } else if (model.policy !== undefined && id.of !== undefined) {
    const { policy } = model
    const expected = policy.isActive ? 'accepted' : answerOf(model, policy.settings)
    const asked = policy.isActive
      ? application.deactivateSigningPolicy(ada, { signingPolicyId: id.of, reason: null })
      : application.reactivateSigningPolicy(ada, { signingPolicyId: id.of })
    expect(await codeOf(asked)).toBe(expected)
    if (expected === 'accepted') policy.isActive = !policy.isActive
  }
}

async function revisionOf({ log }: Organization, id: SigningPolicyId): Promise<number> {
  const last = (await log.lastRevisions([`signingPolicy-${id}`])).get(`signingPolicy-${id}`)
  return Number(last)
}

/** The read model has what a replay of the log comes to, and that is what the model says. */
async function expectProjected(
  { log, database, readModel, ids, test }: Organization,
  model: Model,
  id?: SigningPolicyId,
) {
  const head = await log.head()
  if (head !== undefined) await readModel.waitFor(head, { timeoutMs: 10_000 })
  const { differences, position } = await compareReadModel(log, database)
  expect(differences).toEqual([])
  expect(position).toBe(head)
  const users = await readModel.usersByIds(test.setup.organizationId, ids)
  expect(users.map((user) => user?.status)).toEqual(
    everybody.map((user) => (model.active.has(user) ? 'active' : 'deactivated')),
  )
  if (id === undefined) return
  const [policy] = await readModel.signingPoliciesByIds(test.setup.organizationId, [id])
  expect(policy?.status).toBe(model.policy?.isActive ? 'active' : 'inactive')
  expect(policy?.versions.at(-1)?.settings.approval?.requiredApprovals).toBe(model.policy?.settings.requiredApprovals)
}

// What a count of accounts overlooks: without these it is found by chance only.
const asked = { kind: 'settings', submitterMayApprove: false, requiredApprovals: 1 } as const
const twoAccountsOfOnePerson: readonly Move[] = [
  { ...asked, submitters: [0], approvers: [1, 4], requiredApprovals: 2 },
  { ...asked, submitters: [0], approvers: [1, 4] },
]
const ownBuildApproves: readonly Move[] = [
  { ...asked, submitters: [1], approvers: [4] },
  { ...asked, submitters: [4], approvers: [1, 4] },
]
const everybodyLeft: readonly Move[] = [
  { kind: 'member', group: 'first', user: 3 },
  { ...asked, submitters: ['first'], approvers: ['first', 2] },
  { kind: 'user', user: 2 },
  { kind: 'policy' },
  { kind: 'policy' },
]

it('a policy is accepted exactly when people enough can approve, whatever happened before, and a replay says what the read model does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyMove, { minLength: 10, maxLength: 14 }), async (moves) => {
      const organized = await organization()
      const model: Model = {
        active: new Set(everybody),
        groups: { first: new Set(), second: new Set() },
        policy: undefined,
      }
      const id: { of?: SigningPolicyId } = {}
      for (const [number, move] of moves.entries()) {
        await happen(organized, model, move, number, id)
        await expectProjected(organized, model, id.of)
      }
    }),
    { numRuns: 6, examples: [[[...twoAccountsOfOnePerson, ...ownBuildApproves, ...everybodyLeft]]] },
  )
}, 120_000)
