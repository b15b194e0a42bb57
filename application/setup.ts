import type { OrganizationId } from '../domain/index.ts'

/** The parts of the service that may do everything in an organization. */
export type SetupComponent =
  /** Sets up an organization at its first start. */
  | 'setup'
  /** Acts for whoever operates the machine, by a command on it. */
  | 'operator'

/**
 * The permission to do everything in one organization, as the service's own set-up. It is a capability: whoever holds one
 * was given it by the composition (`server/`), the only room that may import this file at run time. No value that comes
 * from outside can become one, whatever fields it has, and neither does a copy of one.
 */
export class Setup {
  readonly organizationId: OrganizationId
  /** A UUID of this use, as of a caller's call. */
  readonly callId: string
  readonly #component: SetupComponent

  constructor(
    organizationId: OrganizationId,
    { callId = crypto.randomUUID(), component = 'setup' }: { callId?: string; component?: SetupComponent } = {},
  ) {
    this.organizationId = organizationId
    this.callId = callId
    this.#component = component
  }

  /** The same permission for a call of its own: of what one call asks for twice, the log takes one. */
  anotherCall(): Setup {
    return new Setup(this.organizationId, { component: this.#component })
  }

  /** The part of the service that a capability was given to; `undefined` when the value is none. */
  static componentOf(value: object): SetupComponent | undefined {
    return #component in value ? value.#component : undefined
  }
}
