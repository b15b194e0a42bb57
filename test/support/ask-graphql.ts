/** What GraphQL answered. */
export type Answer = {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look where the query says
  readonly data: any
  readonly errors:
    | readonly {
        readonly message: string
        readonly path?: readonly (string | number)[]
        readonly extensions: { readonly code: string; readonly details?: Readonly<Record<string, unknown>> } & Readonly<
          Record<string, unknown>
        >
      }[]
    | undefined
  readonly text: string
}

/** Sends one operation over HTTP. */
export async function askGraphQL(
  url: string,
  token: string | undefined,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<Answer> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ query, variables }),
  })
  const text = await response.text()
  const { data, errors } = JSON.parse(text)
  return { status: response.status, headers: response.headers, data, errors, text }
}
