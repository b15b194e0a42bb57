import { randomUUID } from 'node:crypto'
import { type Administration, type ApplicationDependencies, createOrganization } from '../../application/index.ts'
import { Setup } from '../../application/setup.ts'
import {
  existingSignatureTreatments,
  type GlobalRole,
  type KeyAlgorithm,
  type OrganizationId,
  type UserId,
} from '../../domain/index.ts'
import type { Credentials } from './credentials.ts'

/** What the demo organization is called; an organization of another name is somebody's own. */
export const demoName = 'Demo'

/** What the demo is made with. */
export type DemoDependencies = Pick<ApplicationDependencies, 'log' | 'now'> & {
  readonly administration: Administration
}

type DemoUser = {
  readonly key: string
  readonly name: string
  /** Who answers for a CI user, by their key: one who comes before it. */
  readonly responsible?: string
  readonly roles: readonly GlobalRole[]
}

const people: readonly DemoUser[] = [
  { key: 'administrator', name: 'Administrator', roles: ['globalAdministrator'] },
  { key: 'approver-1', name: 'Approver 1', roles: [] },
  { key: 'approver-2', name: 'Approver 2', roles: [] },
  { key: 'approver-3', name: 'Approver 3', roles: [] },
  // No approver answers for it: they could not approve what it submits.
  { key: 'ci', name: 'Demo CI', responsible: 'administrator', roles: [] },
]

/**
 * Makes the demo organization: project `demo`; policy `test-signing` without approval; policy `release-signing` with a
 * key of its own and 2 of 3 approvers. Both certificates are self-signed, so neither policy is marked `release`: that
 * is for certificates that an authority issued.
 *
 * Made anew under a new organization id at each call: one that was interrupted leaves an organization that nobody has a
 * token for.
 *
 * @param report called with each step when it is done
 */
export async function createDemo(
  { administration, ...dependencies }: DemoDependencies,
  report: (step: string) => void,
): Promise<Omit<Credentials, 'url'>> {
  const organizationId = randomUUID() as OrganizationId
  const setup = new Setup(organizationId)
  await createOrganization(dependencies, setup, { name: demoName })

  const users: Record<string, Credentials['users'][string]> = {}
  const ids = new Map<string, UserId>()
  for (const { key, name, responsible, roles } of people) {
    const { userId } =
      responsible === undefined
        ? await administration.createUser(setup, { kind: 'interactive', name, email: demoAddress(key), roles })
        : await administration.createCiUser(setup, { name, responsible: ids.get(responsible) as UserId })
    const { token } = await administration.issueApiToken(setup, { userId, name: 'demo', expiresAt: null })
    users[key] = { userId, token }
    ids.set(key, userId)
  }
  report(`organization Demo with ${people.length} users`)

  const [test, release] = await Promise.all([
    certificate(administration, setup, 'test-signing', 'ec-p256'),
    certificate(administration, setup, 'release-signing', 'rsa-3072'),
  ])
  report('keys made in the token and certificates issued: test-signing (P-256), release-signing (RSA 3072)')

  const { projectId } = await administration.createProject(setup, {
    slug: 'demo',
    name: 'Demo',
    description: 'Made at the first start, to try things with.',
    repositoryUrl: null,
  })
  const named = (...keys: readonly string[]) => keys.map((key) => ({ user: ids.get(key) as UserId }))
  const submitters = named('ci', 'administrator')
  const existingSignatures = existingSignatureTreatments
  const common = { submitters, timestamp: 'required', release: false, existingSignatures } as const
  await administration.createSigningPolicy(setup, {
    projectId,
    slug: 'test-signing',
    settings: { ...common, name: 'Test signing', certificateId: test, approval: null },
  })
  await administration.createSigningPolicy(setup, {
    projectId,
    slug: 'release-signing',
    settings: {
      ...common,
      name: 'Release signing',
      certificateId: release,
      approval: {
        approvers: named('approver-1', 'approver-2', 'approver-3'),
        requiredApprovals: 2,
        submitterMayApprove: false,
        deadlineSeconds: null,
      },
    },
  })
  report('project demo with the policies test-signing and release-signing (2 of 3 approvers)')
  return { organizationId, users }
}

async function certificate(administration: Administration, setup: Setup, name: string, algorithm: KeyAlgorithm) {
  const notBefore = new Date()
  const notAfter = new Date(notBefore)
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + 2)
  const { certificateId } = await administration.createSelfSignedCertificate(setup, {
    name,
    subject: { commonName: `Countersign demo ${name}`, organization: 'Countersign demo' },
    key: { algorithm },
    notBefore: notBefore.toISOString(),
    notAfter: notAfter.toISOString(),
  })
  return certificateId
}

/** An address that no mail ever reaches (RFC 2606): mails to the demo's people are files in the data directory. */
function demoAddress(key: string): string {
  return `${key}@demo.invalid`
}
