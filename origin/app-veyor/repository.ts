import { type AppVeyorSettings, type BuildAnswer, ownProviders } from './forms.ts'

/** Where hosted providers have their repositories, by AppVeyor's names; `vso` is Azure DevOps. */
const hosted: Readonly<Record<string, string>> = {
  gitHub: 'https://github.com',
  bitBucket: 'https://bitbucket.org',
  gitLab: 'https://gitlab.com',
  vso: 'https://dev.azure.com',
}

/** The address of a build's repository, or why none can be told. */
export type RepositoryAddress = { readonly url: string } | { readonly wrong: 'provider' | 'server' }

/**
 * The address of a project's repository, of one of the six providers, hosted or on an own server. AppVeyor says the provider's
 * name and the repository's; of some it says an address, which must be one of that server. A repository of a hosted provider is
 * never taken for one of the link's own server, nor one of another kind of server: names are the same on all of them.
 */
export function repositoryAddress(
  { repositoryType, repositoryName }: Pick<BuildAnswer['project'], 'repositoryType' | 'repositoryName'>,
  { repositoryServer }: Pick<AppVeyorSettings, 'repositoryServer'>,
): RepositoryAddress {
  const isCalled = (name: string) => name.toLowerCase() === repositoryType.toLowerCase()
  const own = ownProviders.some(isCalled)
  const hostedBase = Object.entries(hosted).find(([name]) => isCalled(name))?.[1]
  if (!own && hostedBase === undefined) return { wrong: 'provider' }
  const ownBase =
    repositoryServer !== null && isCalled(repositoryServer.provider) ? repositoryServer.baseUrl : undefined
  const base = own ? ownBase : hostedBase
  if (base === undefined) return { wrong: 'server' }
  if (!/^[a-z][a-z0-9+.-]*:/i.test(repositoryName))
    return { url: `${base.replace(/\/+$/, '')}/${repositoryName.replace(/^\/+/, '')}` }
  return URL.parse(repositoryName)?.host === URL.parse(base)?.host ? { url: repositoryName } : { wrong: 'server' }
}
