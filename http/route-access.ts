import type { RouteOptions } from 'fastify'
import type { Permission } from '../domain/index.ts'

/**
 * Who may use a route: everybody, even who is not known; who has the permission (for what the route is asked about: the use
 * case behind it knows, and asks); or, of an API with fields, who may see each.
 */
export type RouteAccess = 'everybody' | 'fieldByField' | Permission

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may use the route. One that does not say so is not registered. */
    readonly access?: RouteAccess
    /** By which machines ask whether the process is well: not counted against any limit. */
    readonly isProbe?: boolean
  }
}

/** A route of a process, and who may use it. */
export type Route = { readonly method: string; readonly url: string; readonly access: RouteAccess }

/**
 * What a route says of who may use it.
 *
 * @throws Error at start, when it says nothing
 */
export function accessOfRoute({ method, url, config }: RouteOptions): readonly Route[] {
  const access = config?.access
  if (access === undefined) throw new Error(`The route ${method} ${url} does not say who may use it: config.access.`)
  return [method].flat().map((each) => ({ method: each, url, access }))
}
