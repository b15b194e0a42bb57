import { issueApiToken } from '../../application/api-tokens.ts'
import { createSelfSignedCertificate } from '../../application/create-certificate.ts'
import { createProject } from '../../application/create-project.ts'
import { createSigningPolicy } from '../../application/create-signing-policy.ts'
import { createUser } from '../../application/create-user.ts'
import { type ApplicationDependencies, createOrganization } from '../../application/index.ts'
import type { Setup } from '../../application/setup.ts'
import type {
  ApiTokenId,
  CertificateId,
  GlobalRole,
  KeyId,
  ProjectId,
  SigningPolicyId,
  UserId,
} from '../../domain/index.ts'

/** A user of the test organization. */
export type TestUser = { readonly userId: UserId; readonly tokenId: ApiTokenId; readonly token: string }

/** An organization with people, a certificate, and a project with two policies. */
export type GraphQLOrganization = {
  readonly certificateId: CertificateId
  readonly keyId: KeyId
  readonly projectId: ProjectId
  /** Two of three approvers. */
  readonly releasePolicyId: SigningPolicyId
  /** Nobody is asked. */
  readonly testPolicyId: SigningPolicyId
  readonly administrator: TestUser
  readonly auditor: TestUser
  readonly submitter: TestUser
  readonly approvers: readonly [TestUser, TestUser, TestUser]
  readonly addUser: (name: string, roles?: readonly GlobalRole[]) => Promise<TestUser>
}

/** Sets it up by the use cases. */
export async function setUpOrganization(
  dependencies: ApplicationDependencies,
  setup: Setup,
): Promise<GraphQLOrganization> {
  await createOrganization(dependencies, setup, { name: 'Example & Co' })
  const names: string[] = []
  const addUser = async (name: string, roles: readonly GlobalRole[] = []): Promise<TestUser> => {
    const same = names.filter((each) => each === name).length
    names.push(name)
    const email = `${name.toLowerCase().replaceAll(' ', '.')}${same === 0 ? '' : `.${same}`}@example.com`
    const { userId } = await createUser(dependencies, setup, { kind: 'interactive', name, email, roles })
    const { tokenId, token } = await issueApiToken(dependencies, setup, { userId, name: 'test', expiresAt: null })
    return { userId, tokenId, token }
  }
  const administrator = await addUser('Ada Admin', ['globalAdministrator'])
  const auditor = await addUser('Otto Auditor', ['globalReader'])
  const submitter = await addUser('Sam Submitter')
  const approvers = [await addUser('Anna'), await addUser('Bert'), await addUser('Cora')] as const
  const { certificateId, keyId } = await createSelfSignedCertificate(dependencies, setup, {
    name: 'Test certificate',
    subject: { commonName: 'Test' },
    key: { algorithm: 'ec-p256' },
    notBefore: '2020-01-01T00:00:00.000Z',
    notAfter: '2090-01-01T00:00:00.000Z',
  })
  const { projectId } = await createProject(dependencies, setup, {
    slug: 'demo',
    name: 'Demo',
    description: null,
    repositoryUrl: 'https://example.com/demo',
  })
  const policy = async (slug: string, name: string, requiredApprovals: number) => {
    const approval = {
      approvers: approvers.map(({ userId }) => ({ user: userId })),
      requiredApprovals,
      submitterMayApprove: false,
      deadlineSeconds: null,
    }
    const settings = {
      name,
      certificateId,
      submitters: [{ user: submitter.userId }],
      approval: requiredApprovals === 0 ? null : approval,
      timestamp: 'required',
      release: false,
      existingSignatures: ['replace', 'append', 'refuse'],
    } as const
    return (await createSigningPolicy(dependencies, setup, { projectId, slug, settings })).signingPolicyId
  }
  const releasePolicyId = await policy('release-signing', 'Release', 2)
  const testPolicyId = await policy('test-signing', 'Test', 0)
  return {
    certificateId,
    keyId,
    projectId,
    releasePolicyId,
    testPolicyId,
    administrator,
    auditor,
    submitter,
    approvers,
    addUser,
  }
}
