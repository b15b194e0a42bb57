/** Whether it is the whole id of a commit, in either case: SHA-1 or SHA-256, hexadecimal. */
export function isCommitId(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(text)
}
