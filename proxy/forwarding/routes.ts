/** What a node may ask for by a route. */
export type ForwardedRoute = {
  readonly methods: readonly string[]
  /** Segments; `*` stands for one of any text. Compared as the service compares: in any case, with or without a slash at the end. */
  readonly path: string
  /** Whether the body is a GraphQL request, of which only some operations are passed on. */
  readonly isGraphQL?: true
}

const requests = '/api/v1/*/signingrequests'

/** Submissions, how they stand, what came of them, and what answers there. Everything else is refused. */
export const forwardedRoutes: readonly ForwardedRoute[] = [
  { methods: ['GET'], path: '/api/v1/meta/systeminfo' },
  { methods: ['POST'], path: requests },
  { methods: ['POST'], path: `${requests}/cansubmit` },
  { methods: ['POST'], path: `${requests}/submitwithartifact` },
  { methods: ['POST'], path: `${requests}/submitwithoutartifact` },
  { methods: ['POST'], path: `${requests}/submitwithartifactretrievallink` },
  { methods: ['POST'], path: `${requests}/resubmit` },
  { methods: ['POST'], path: `${requests}/signhash` },
  { methods: ['GET'], path: `${requests}/*` },
  { methods: ['GET'], path: `${requests}/*/status` },
  { methods: ['GET'], path: `${requests}/*/events` },
  { methods: ['GET', 'HEAD'], path: `${requests}/*/signedartifact` },
  { methods: ['GET', 'HEAD', 'POST'], path: `${requests}/*/unsignedartifact` },
  { methods: ['POST'], path: '/uploads' },
  { methods: ['POST'], path: '/graphql', isGraphQL: true },
]

/** The longest target, path and query, in characters: what the proxy says of a request repeats it. */
const longestTarget = 2_048

/**
 * Finds the route of a request; `undefined` when it is not passed on. A path that somebody might read otherwise than it stands there
 * (dots, encoded slashes, doubled slashes, backslashes) is none.
 */
export function findRoute(method: string, target: string): ForwardedRoute | undefined {
  if (target.length > longestTarget || !/^\/[\x21-\x7e]*$/.test(target) || target.includes('#')) return undefined
  const path = target.split('?', 1)[0] ?? ''
  if (!/^(\/[A-Za-z0-9._~-]+)+\/?$/.test(path)) return undefined
  const segments = segmentsOf(path.toLowerCase())
  if (segments.some((segment) => /^\.+$/.test(segment))) return undefined
  return forwardedRoutes.find((route) => route.methods.includes(method) && isAt(segments, segmentsOf(route.path)))
}

function segmentsOf(path: string): readonly string[] {
  return path.split('/').filter((segment) => segment !== '')
}

function isAt(segments: readonly string[], wanted: readonly string[]): boolean {
  return segments.length === wanted.length && wanted.every((each, index) => each === '*' || each === segments[index])
}
