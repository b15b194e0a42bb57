import type { ApiAnswer, ApiQuestion, HttpApi } from '../http-api.ts'
import { OriginError } from '../origin-error.ts'

/**
 * Asks page by page, as the header `Link` says that there is a next one (RFC 8288 §3), which GitHub and GitLab do. Which page it
 * is, is counted here and not taken from the answer. Ends with the first answer that is not 200.
 *
 * @param question without `page` in its query; with the number of entries of a page, which each system names in its own way
 * @throws OriginError as `ask`; `ORIGIN_API_ANSWER_TOO_LARGE` when there are more pages than `most`
 */
export async function askPages(
  api: Pick<HttpApi, 'ask'>,
  question: ApiQuestion,
  most: number,
): Promise<readonly ApiAnswer[]> {
  const pages: ApiAnswer[] = []
  for (let page = 1; page <= most; page += 1) {
    const answer = await api.ask({ ...question, query: { ...question.query, page } })
    pages.push(answer)
    if (answer.status !== 200 || nextPage(answer) === undefined) return pages
  }
  throw new OriginError(
    'ORIGIN_API_ANSWER_TOO_LARGE',
    `${question.path} has more than ${most} pages. A part of them does not tell enough, so none is taken.`,
  )
}

/**
 * Where the header `Link` says that the next page is, as it stands there; it may be no address. Undefined when it says that there
 * is none.
 */
export function nextPage({ headers: { link = '' } }: Pick<ApiAnswer, 'headers'>): string | undefined {
  for (const [, target, parameters = ''] of link.matchAll(/<([^<>]*)>([^<]*)/g))
    if (relationsOf(parameters).includes('next')) return target
  return undefined
}

/** The relation types of a link, by its parameters. Split and not matched as a whole: a server chooses how long they are. */
function relationsOf(parameters: string): readonly string[] {
  return parameters.split(';').flatMap((parameter) => {
    const [name = '', value = ''] = parameter.split('=', 2)
    if (name.trim().toLowerCase() !== 'rel') return []
    const [before = '', quoted] = value.split('"', 2)
    return (quoted ?? before.split(',', 1)[0] ?? '').toLowerCase().trim().split(/\s+/)
  })
}
