import { z } from 'zod'
import { isSameRepository } from '../../domain/repository-url.ts'
import type { VerifiedOrigin } from '../../domain/verified-origin.ts'

/** What a NuGet package calls the systems that AppVeyor names. */
const repositoryTypes: Readonly<Record<string, string>> = { git: 'git', mercurial: 'hg', subversion: 'svn' }

const said = z.object({ repository: z.object({ scm: z.string() }) })

/**
 * What goes into a NuGet package about its build, once its origin is verified.
 *
 * @param settings the evidence `settings` of that origin
 */
export function appVeyorPackageData({ repository, commitId }: VerifiedOrigin, settings: Uint8Array) {
  const { scm } = said.parse(JSON.parse(Buffer.from(settings).toString())).repository
  return {
    repository: { type: repositoryTypes[scm.toLowerCase()] ?? 'git', url: repository.url, commit: commitId },
    settings: { name: 'AppVeyorSettings.json', content: settings },
    isSameUrl: isSameRepository,
  }
}
