import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { registerProxyKey } from '../../application/proxy-keys.ts'
import { rotateTrustedBuildSystemToken } from '../../application/trusted-build-systems.ts'
import { sampleProgram } from '../../server/embedded/sample-program.ts'
import { testInstallation } from '../support/event-keys.ts'
import { allowedBranches } from '../support/origins.ts'
import { startProxyProcess } from '../support/proxy-process.ts'
import { serveOrganization } from '../support/served-organization.ts'
import { silenceWorkers, useTimeSkipping } from '../support/temporal.ts'
import { testOrganization } from '../support/test-organization.ts'
import { makeProxyFiles } from '../support/test-proxy.ts'
import { until } from '../support/until.ts'

const run = promisify(execFile)
silenceWorkers()
const environment = useTimeSkipping()

test('what a build node submits by curl through a proxy ends signed, its node in the verified origin; another branch does not', async () => {
  const organization = await testOrganization({
    buildSystem: 'authenticationProxy',
    allowedBranches,
    approval: null,
    timestamp: 'none',
    // A signer that believes only what the log proves.
    installation: testInstallation(),
  })
  const { folder, setup, signer, submitter, tokens, vouched } = organization
  if (vouched === undefined) throw new Error('There is no build system.')
  const { trustedBuildSystemId } = vouched.vouchedBy
  const { url, countersign } = await serveOrganization(environment(), organization)
  const files = await makeProxyFiles(folder, async () => url)
  const rotation = { trustedBuildSystemId, previousTokenValidUntil: null }
  const { token } = await rotateTrustedBuildSystemToken(signer, setup, rotation)
  await files.write('token', token)
  await using proxy = disposable(await startProxyProcess(files))
  await registerProxyKey(signer, setup, { trustedBuildSystemId, publicKey: proxy.statementKey.publicKey })
  const { certificateFile, keyFile } = await files.issuing.issue('build-01')
  writeFileSync(join(folder, 'setup.exe'), sampleProgram())
  const api = `https://127.0.0.1:${proxy.port}/Api/v1/${setup.organizationId}/SigningRequests`

  const curl = async (...args: readonly string[]) => {
    const tls = ['--cacert', files.authorityFile, '--cert', certificateFile, '--key', keyFile]
    const bearer = ['-H', `Authorization: Bearer ${tokens.get(submitter)}`]
    return JSON.parse((await run('curl', ['-sS', '--max-time', '60', ...tls, ...bearer, ...args])).stdout)
  }
  const finished = async (branch: string) => {
    const fields = {
      ProjectSlug: 'test',
      SigningPolicySlug: 'release',
      Artifact: `@${join(folder, 'setup.exe')}`,
      'Origin.RepositoryData.Url': 'https://example.org/test.git',
      'Origin.RepositoryData.BranchName': branch,
      'Origin.RepositoryData.CommitId': 'ab'.repeat(20),
      'Origin.RepositoryData.SourceControlManagementType': 'git',
    }
    const form = Object.entries(fields).flatMap(([name, value]) => ['-F', `${name}=${value}`])
    const { signingRequestId } = await curl(...form, `${api}/SubmitWithArtifact`)
    await until('it is over', async () => (await curl(`${api}/${signingRequestId}/Status`)).isFinalStatus, 60_000)
    return { signingRequestId, ...(await curl(`${api}/${signingRequestId}`)) }
  }

  const right = await finished('main')
  const node = { subject: 'CN=build-01,OU=Build nodes,DC=corp,DC=example', rule: 'build' }
  expect(right).toMatchObject({ status: 'Completed' })
  expect(JSON.stringify(right)).toContain(node.subject)
  const shown = await countersign(['request', 'show', right.signingRequestId], organization.approvers[0])
  expect(shown.stdout).toContain(`for the node ${node.subject}`)
  expect(await finished('feature')).toMatchObject({ failure: { code: 'ORIGIN_BRANCH_NOT_ALLOWED' } })
})

function disposable<Thing extends { readonly close: () => Promise<unknown> }>(thing: Thing): Thing & AsyncDisposable {
  return { ...thing, [Symbol.asyncDispose]: async () => void (await thing.close()) }
}
