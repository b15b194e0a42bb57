import type { ConnectorTools } from '../connector.ts'
import { pathOf } from '../http-api/index.ts'
import type { ApiAnswer, ApiDownload } from '../http-api.ts'
import { OriginError } from '../origin-error.ts'
import { requireApiKey } from '../reading/index.ts'

/** The prefix of user-level keys, which name an account in the path (AppVeyor documentation, REST API). */
const userKey = 'v2.'

/** Questions to AppVeyor's REST API with the API key of a link, whichever kind of key it is. */
export type AppVeyorApi = {
  /** @param path below `api/` */
  readonly ask: (path: string, options?: { readonly query?: Readonly<Record<string, string>> }) => Promise<ApiAnswer>
  /** As anybody on the net would ask. */
  readonly askUnauthenticated: (path: string) => Promise<ApiAnswer>
  readonly download: (path: string) => Promise<ApiDownload>
}

/**
 * @param accountName whose API it is: user-level keys (v2) work with every account that their user has access to, and name it in
 *   the path; account-level keys (v1) are of one
 * @throws OriginError `ORIGIN_CREDENTIALS_MISSING`
 */
export function appVeyorApi({ api, secrets }: ConnectorTools, accountName: string): AppVeyorApi {
  const key = requireApiKey({ secrets }, 'The link with AppVeyor holds no API key. Give it one.')
  const headers = { authorization: `Bearer ${key}`, accept: 'application/json' }
  const prefixes = key.startsWith(userKey) ? [`api/account/${pathOf(accountName)}/`, 'api/'] : ['api/']
  return {
    async ask(path, { query = {} } = {}) {
      let answer: ApiAnswer | undefined
      for (const prefix of prefixes) {
        answer = await api.ask({ path: `${prefix}${path}`, query, headers })
        if (isAnswered(answer)) break
      }
      return answer as ApiAnswer
    },
    askUnauthenticated: (path) => api.ask({ path: `api/${path}`, headers: { accept: 'application/json' } }),
    async download(path) {
      const [first = 'api/', second] = prefixes
      const question = { headers: { authorization: headers.authorization } }
      if (second === undefined) return api.download({ path: `${first}${path}`, ...question })
      try {
        return await requireFile(await api.download({ path: `${first}${path}`, ...question }))
      } catch (error) {
        if (!(error instanceof OriginError) || error.isPassing) throw error
        return api.download({ path: `${second}${path}`, ...question })
      }
    },
  }
}

/**
 * Not every path has a form with the account. For those that have none AppVeyor answers 404, or its web application's page with
 * a status of 200.
 */
function isAnswered({ status, headers }: ApiAnswer): boolean {
  return status !== 404 && !isPage(headers)
}

function isPage(headers: Readonly<Record<string, string>>): boolean {
  return (headers['content-type'] ?? '').startsWith('text/html')
}

function requireFile(download: ApiDownload): ApiDownload {
  if (!isPage(download.headers)) return download
  download.discard()
  throw new OriginError('ORIGIN_API_NOT_FOUND', 'AppVeyor answered with a page in place of the artifact.')
}
