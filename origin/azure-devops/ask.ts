import type { output, ZodType } from 'zod'
import type { ConnectorTools } from '../connector.ts'
import { pathOf } from '../http-api/index.ts'
import type { ApiAnswer } from '../http-api.ts'
import type { OriginErrorCode } from '../origin-error.ts'
import { type CheckList, readAnswer, requireApiKey } from '../reading/index.ts'

/** The version of the API that is asked for; servers answer as it says, whatever is newer (Azure DevOps Server 2022.1 and later). */
const apiVersion = '7.1'

/** What is asked of Azure DevOps, and how the check is named that says how it came out. */
export type AzureQuestion<Schema extends ZodType> = {
  readonly check: string
  readonly what: string
  readonly scope: string
  readonly missing?: OriginErrorCode
  readonly schema: Schema
  readonly query?: Readonly<Record<string, string>>
}

/** Questions to the API of a project in Azure DevOps. */
export type AzureApi = {
  /** @param path segments below the project's `_apis/` */
  readonly read: <Schema extends ZodType>(
    path: readonly string[],
    question: AzureQuestion<Schema>,
  ) => Promise<{ readonly value: output<Schema>; readonly answer: ApiAnswer } | undefined>
}

/** Where an artifact's bytes are asked for, as a ZIP file. */
export function downloadOf(project: string, buildId: string, artifactName: string) {
  return {
    path: pathOf(project, '_apis', 'build', 'builds', buildId, 'artifacts'),
    query: { artifactName, $format: 'zip', 'api-version': apiVersion },
  }
}

/**
 * The headers of a personal access token.
 *
 * @throws OriginError `ORIGIN_CREDENTIALS_MISSING`
 */
export function credentials(tools: ConnectorTools): Readonly<Record<string, string>> {
  const key = requireApiKey(tools, 'The link with Azure DevOps holds no personal access token. Give it one.')
  return { authorization: `Basic ${Buffer.from(`:${key}`).toString('base64')}` }
}

/** Opens the API of a project. */
export function azureApi(checks: CheckList, tools: ConnectorTools, project: string): AzureApi {
  const headers = { ...credentials(tools), accept: 'application/json' }
  return {
    async read(path, { schema, query = {}, scope, missing = 'ORIGIN_BUILD_NOT_FOUND', ...question }) {
      const answer = await tools.api.ask({
        path: pathOf(project, '_apis', ...path),
        query: { ...query, 'api-version': apiVersion },
        headers,
      })
      const subject = { ...question, system: 'Azure DevOps', permission: `the scope ${scope}`, missing }
      const value = readAnswer(checks, answer, schema, subject)
      return value === undefined ? undefined : { value, answer }
    },
  }
}
