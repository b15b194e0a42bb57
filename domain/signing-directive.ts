/** The value of a directive's attribute: text, a whole number, yes or no; `null` when it is not given and has no default. */
export type AttributeValue = string | number | boolean | null

/** One thing that is asked for a file, with all of its attributes, under the names that artifact configurations use. */
export type DirectiveOrder = {
  /** Such as `authenticode-sign`. */
  readonly directive: string
  readonly attributes: Readonly<Record<string, AttributeValue>>
}

/** The digest of something that a signature will cover. */
export type ContentDigest = {
  /** What was digested, as the format calls it: `image`, `manifest`, `header` … */
  readonly content: string
  /** Such as `sha256`. */
  readonly algorithm: string
  /** Hexadecimal. */
  readonly digest: string
}

/**
 * One thing that will be done to a file, as plans name it. The form is the same for every format, so whoever stores,
 * shows or approves a plan needs to know none of them.
 */
export type SigningDirective = DirectiveOrder & {
  /** What the signature will name, of the file before it is signed. */
  readonly contentDigests: readonly ContentDigest[]
}

/** An attribute as people read it. */
export type DisplayedAttribute = {
  /** As in artifact configurations. */
  readonly name: string
  /** What people call it; the name when nobody knows better. */
  readonly title: string
  /** As text; `null` when it is not given. */
  readonly value: string | null
}

/** What people call the formats and attributes that plans name. Of what it does not know it gives the names. */
export type PlanWording = {
  /** @param format a planned file's */
  formatTitle(format: string): string
  /** The attributes of a directive, in the order of its definition. */
  attributes(format: string, directive: DirectiveOrder): readonly DisplayedAttribute[]
}
