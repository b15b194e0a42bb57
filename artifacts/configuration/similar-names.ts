/** Comparing names by letters is for names, and not for pages of text. */
export const longestComparedName = 100

/** Of some names the first that a name was perhaps meant to be; as a sentence behind others, or nothing. */
export function meantName(name: string, known: Iterable<string>): string {
  const found = [...known].find((each) => each !== name && isSimilar(each, name.toLowerCase()))
  return found === undefined ? '' : ` Is ${found} meant?`
}

/** Whether two names differ by at most two letters, and not by most of them: added, left out, or others. */
export function isSimilar(wanted: string, given: string): boolean {
  const allowed = Math.min(2, Math.floor(wanted.length / 3))
  if (Math.abs(wanted.length - given.length) > allowed || wanted.length > longestComparedName) return false
  if (wanted.normalize('NFC') === given.normalize('NFC')) return true
  let before = Array.from({ length: given.length + 1 }, (_, index) => index)
  for (let at = 1; at <= wanted.length; at++) {
    const row = [at]
    for (let to = 1; to <= given.length; to++) {
      const same = wanted[at - 1] === given[to - 1]
      row.push(Math.min((before[to - 1] ?? 0) + (same ? 0 : 1), (before[to] ?? 0) + 1, (row[to - 1] ?? 0) + 1))
    }
    before = row
  }
  return (before.at(-1) ?? 0) <= allowed
}
