import { OriginError } from '../origin-error.ts'

/**
 * An answer as it is kept: as it came, unless it holds a token. For private repositories GitHub gives one to clone with, and
 * GitLab gives maintainers of a project the one that registers its runners.
 *
 * @throws OriginError `ORIGIN_API_ANSWER_MALFORMED`, passing, when it may hold one and is no JSON
 */
export function withoutTokens(bytes: Uint8Array, system: string): Uint8Array {
  const text = Buffer.from(bytes).toString('utf8')
  if (!/_token"\s*:/.test(text)) return bytes
  try {
    return Buffer.from(JSON.stringify(JSON.parse(text), (key, value) => (key.endsWith('_token') ? undefined : value)))
  } catch {
    throw new OriginError('ORIGIN_API_ANSWER_MALFORMED', `${system}'s answer is no JSON.`, { isPassing: true })
  }
}
