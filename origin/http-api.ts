/** One question to a build system's API. */
export type ApiQuestion = {
  /** `GET` by default. */
  readonly method?: 'GET' | 'POST'
  /** Below the base URL, without a slash at its beginning; what others chose in it is percent-encoded by whoever asks. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | number>>
  /** `authorization` and the like among them: to another origin than the base URL's none of them goes along. */
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly json?: unknown
  /** The most bytes of the answer. */
  readonly maximumBytes?: number
}

/** An answer that is there whole. */
export type ApiAnswer = {
  readonly status: number
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** As they came: what is kept as evidence. */
  readonly bytes: Uint8Array
  /**
   * The bytes as JSON.
   *
   * @throws OriginError when they are none
   */
  json(): unknown
}

/** An answer whose bytes still come. */
export type ApiDownload = {
  readonly headers: Readonly<Record<string, string>>
  /** As the answer says; `null` when it does not. */
  readonly size: number | null
  /**
   * The bytes, once.
   *
   * @throws OriginError that may pass, when the connection ends before they do
   */
  readonly bytes: AsyncIterable<Uint8Array>
  /** Ends the connection without reading on. Whoever does not read the bytes must call it. */
  readonly discard: () => void
}

/** The HTTP API of one build system, at one base URL. */
export interface HttpApi {
  /**
   * Asks, and answers whatever the status is, but for what may pass.
   *
   * @throws OriginError with `isPassing` when the system cannot be reached, is too slow, answers 5xx, or asks to be called
   *   less; without, when the answer is too long or leads where nobody may be sent
   */
  ask(question: ApiQuestion): Promise<ApiAnswer>
  /**
   * Opens a file for download, and follows redirects to where it is stored.
   *
   * @throws OriginError as {@link ask}, and for every status but 200
   */
  download(question: ApiQuestion): Promise<ApiDownload>
}
