import {
  type BuildSecretId,
  type Instant,
  type LinkSecretId,
  type OrganizationId,
  Refusal,
  type WebHookSecretId,
} from '../domain/index.ts'

/** Where a secret is kept that the log names by its id. */
export type KeptSecretPlace = { readonly organizationId: OrganizationId } & (
  | { readonly purpose: 'webHookSecret' | 'webHookAuthorization'; readonly id: WebHookSecretId }
  | { readonly purpose: 'buildSystemSecret'; readonly id: LinkSecretId }
  | { readonly purpose: 'buildSecret'; readonly id: BuildSecretId }
)

/** A secret, and where it is to be kept. */
export type KeptSecret = {
  readonly place: KeptSecretPlace
  readonly text: string
  /** From when on it is removed although nobody asks for that; never when it is left out. */
  readonly expiresAt?: Instant
}

/** Keeps secrets that users hand over, sealed, beside the log. Errors carry a `code`, and are transient. */
export interface KeptSecrets {
  /**
   * Keeps a secret, in place of the one that is there.
   *
   * @param options.expiresAt from when on it is removed although nobody asks for that
   */
  put(place: KeptSecretPlace, secret: Uint8Array, options?: { readonly expiresAt?: Instant }): Promise<void>
  /** The secret; `undefined` when there is none. */
  get(place: KeptSecretPlace): Promise<Uint8Array | undefined>
  /** Removes a secret, which is for good. Twice is as once. */
  remove(place: KeptSecretPlace): Promise<void>
}

type Dependencies = { readonly secrets: KeptSecrets }

/**
 * Keeps secrets, and then does what names them in the log. Where that is refused they are not kept; where it is not known
 * whether the log names them, they stay.
 */
export async function keepingSecrets<Result>(
  dependencies: Dependencies,
  kept: readonly KeptSecret[],
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    for (const { place, text, expiresAt } of kept)
      await dependencies.secrets.put(place, Buffer.from(text), expiresAt === undefined ? {} : { expiresAt })
    return await work()
  } catch (error) {
    if (error instanceof Refusal)
      await forgetSecrets(
        dependencies,
        kept.map(({ place }) => place),
      )
    throw error
  }
}

/** Removes what the log does not name any more. Where the store is away it stays, sealed, and nothing reads it. */
export async function forgetSecrets({ secrets }: Dependencies, places: readonly KeptSecretPlace[]): Promise<void> {
  for (const place of places) await secrets.remove(place).catch(() => undefined)
}
