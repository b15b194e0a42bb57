import { Refusal } from './refusal.ts'
import { unseenIn } from './text.ts'

/**
 * Reads a glob: 1 to 200 characters of a plain line, in Normalization Form C. `*` stands for any characters but `/`, also for
 * none, `**` for any characters, and `?` for one that is no `/`. Everything else stands for itself, in this case.
 *
 * @param what the name of the field, for the message
 * @throws Refusal `GLOB_MALFORMED`
 */
export function parseGlob(text: string, what: string): string {
  const glob = text.normalize('NFC')
  const fault = unseenIn(glob)
  if (glob.length >= 1 && glob.length <= 200 && glob.trim() === glob && fault === undefined) return glob
  throw new Refusal(
    'GLOB_MALFORMED',
    `${what} must be 1 to 200 characters without white space around them, control characters or other invisible ones, such as release/* or setup-?.*.exe; got ${JSON.stringify(text.slice(0, 300))}${fault === undefined ? '' : `, with ${fault}`}.`,
  )
}

/** Whether a text is one that a glob stands for. Takes time by the product of both lengths at the most. */
export function matchesGlob(glob: string, text: string): boolean {
  const wanted = tokensOf(glob)
  const characters = [...text]
  /** Whether what of the glob was looked at stands for the first n characters. */
  let reached = characters.map(() => false)
  reached.unshift(true)
  for (const token of wanted) reached = afterToken(token, characters, reached)
  return reached.at(-1) === true
}

type Token = { readonly is: 'some' | 'anything' | 'one' } | { readonly is: 'character'; readonly character: string }

function tokensOf(glob: string): readonly Token[] {
  return (glob.match(/\*\*|[\s\S]/gu) ?? []).map((part): Token => {
    if (part === '**') return { is: 'anything' }
    if (part === '*') return { is: 'some' }
    return part === '?' ? { is: 'one' } : { is: 'character', character: part }
  })
}

function afterToken(token: Token, characters: readonly string[], before: readonly boolean[]): boolean[] {
  if (token.is === 'some' || token.is === 'anything') {
    let open = false
    return before.map((reached, index) => {
      const passed = characters[index - 1]
      open = reached || (open && (token.is === 'anything' || passed !== '/'))
      return open
    })
  }
  return before.map((_, index) => {
    const character = characters[index - 1]
    if (index === 0 || character === undefined || before[index - 1] !== true) return false
    return token.is === 'character' ? character === token.character : character !== '/'
  })
}
