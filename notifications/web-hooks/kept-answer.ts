/** So many bytes of an answer are kept. */
const keptBytes = 4_096
/** Shorter texts are no secrets, and stand in any answer. */
const shortestSecret = 4

/** An answer of a receiver, as far as its beginning is concerned. */
export type AnsweredBody = {
  readonly body: AsyncIterable<Uint8Array>
  /** Says that no more is read. */
  readonly discard: () => void
}

/**
 * The first 4 KB of an answer as UTF-8, without what must not be kept: receivers that are tried out like to answer with what they
 * got. More is read than is kept, and secrets are removed before the rest is cut off, so that none stands there half.
 *
 * @param secrets texts, in any order; those of less than four characters are left alone
 */
export async function keptAnswer({ body, discard }: AnsweredBody, secrets: readonly string[]): Promise<string> {
  // Compared as bytes, of which each is one character: what is cut off is counted in bytes.
  const forms = secrets.flatMap(formsOf).map((form) => Buffer.from(form).toString('latin1'))
  const wanted = [...new Set(forms)].filter((form) => form.length >= shortestSecret)
  // The longest first: one may begin with another.
  wanted.sort((one, other) => other.length - one.length)
  const bytes = await beginningOf({ body, discard }, keptBytes + (wanted[0]?.length ?? 0))
  return Buffer.from(withoutSecrets(bytes.toString('latin1'), wanted), 'latin1').toString()
}

async function beginningOf({ body, discard }: AnsweredBody, atLeast: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of body) {
      chunks.push(chunk)
      size += chunk.byteLength
      if (size >= atLeast) break
    }
  } catch {
    // The head of the answer decides; of the rest is kept what came.
  } finally {
    discard()
  }
  return Buffer.concat(chunks).subarray(0, atLeast)
}

/** @param secrets the longest first */
function withoutSecrets(text: string, secrets: readonly string[]): string {
  let kept = ''
  for (let at = 0; at < Math.min(text.length, keptBytes); ) {
    // Also where the answer ended, or was not read on, in the middle of one.
    const found =
      secrets.find((secret) => text.startsWith(secret, at)) ?? secrets.find((secret) => endsWithin(text, at, secret))
    kept += found === undefined ? text[at] : '[removed]'
    at += found?.length ?? 1
  }
  return kept
}

function endsWithin(text: string, at: number, secret: string): boolean {
  const left = text.length - at
  return left >= shortestSecret && left < secret.length && secret.startsWith(text.slice(at))
}

/** As it was sent; as JSON and addresses write it; and what stands behind the scheme of an `Authorization` value, with what Basic encodes, and the password of that. */
function formsOf(secret: string): readonly string[] {
  const credentials = secret.replace(/^\S+\s+/, '')
  const decoded = /^basic\s/i.test(secret) ? Buffer.from(credentials, 'base64').toString() : ''
  const password = decoded.slice(decoded.indexOf(':') + 1)
  return [secret, credentials, decoded, password].flatMap((form) => [
    form,
    JSON.stringify(form).slice(1, -1),
    encodeURIComponent(form.toWellFormed()),
  ])
}
