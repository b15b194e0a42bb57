/** The code that a call is refused with; `done` when it is not refused, the error's own text where it has no code. */
export function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'done',
    (error: { readonly code?: string }) => error.code ?? String(error),
  )
}
