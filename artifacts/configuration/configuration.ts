import type { AttributeValue, ConfigurationFinding } from '../../domain/index.ts'
import type { Position, XmlElement } from './reading/xml-document.ts'

export type { Position }

/** The namespace of artifact configurations. */
export const configurationNamespace = 'http://signpath.io/artifact-configuration/v1'

/** The namespace of what this service knows beyond it: options, which are attributes. */
export const optionNamespace = 'https://countersign.invalid/artifact-configuration/v1'

/**
 * An artifact configuration as it was read: plain data. Attributes whose values name parameters still have them as they are written;
 * `resolveParameters` puts the values in.
 */
export type Configuration = {
  readonly parameters: readonly Parameter[]
  readonly root: ElementNode
  /** What its author may not have meant, and what nevertheless has a meaning. */
  readonly warnings: readonly ConfigurationFinding[]
  /** The document itself, which is read again with the values of parameters. */
  readonly document: XmlElement
}

/** A value that submissions give. */
export type Parameter = {
  readonly name: string
  /** What it is when a submission does not give it. */
  readonly defaultValue: string | null
  /** Whether it must be given, or have a default, and must not be empty. */
  readonly required: boolean
  readonly position: Position
}

/** An element that stands for files or folders. */
export type ElementNode = {
  /** The simple element's name, such as `pe-file`, for sets too. */
  readonly name: string
  /** Whether it is written as a set, such as `pe-file-set`. */
  readonly isSet: boolean
  /** The element's own path, or those of a set's includes; none on a root that names no path. */
  readonly paths: readonly PathNode[]
  /**
   * What the root's file must say of itself when it has no path of its own, by the names of attributes such as `product-name`. Those of
   * other elements and of sets are in their paths, overridden where an include says so.
   */
  readonly restrictions: Restrictions
  /** In their order; they are checked before anything is signed. */
  readonly verifications: readonly DirectiveNode[]
  /** In their order: what signs, and what concerns provenance. */
  readonly directives: readonly DirectiveNode[]
  /** What is in the container or folder. */
  readonly children: readonly ElementNode[]
  readonly options: ElementOptions
  /** Of its start tag. */
  readonly position: Position
}

/** Which files an element means. */
export type PathNode = {
  /** As it is written, trimmed; in a container relative to it or to the folder around the element. */
  readonly path: string
  readonly minMatches: number
  /** `null`: any number. */
  readonly maxMatches: number | null
  /** What each file must say of itself: the set's, overridden by the include's own. */
  readonly restrictions: Restrictions
  /** Of the element, or of the include. */
  readonly position: Position
}

/** What files must say of themselves, by the names of attributes, such as `product-name`. */
export type Restrictions = Readonly<Record<string, string>>

/** What this service knows beyond the language: attributes in {@link optionNamespace}. */
export type ElementOptions = {
  /**
   * A file stays as it is when it has a valid signature whose chain holds one of these certificates: SHA-256 of the DER, hexadecimal, in
   * lower case. Names would not do: everybody can make a certificate in any name.
   */
  readonly keepIssuedBy: readonly string[]
  /** Files of these kinds that no element matches must be signed, in the container and all that is opened in it; `null`: as around it. */
  readonly refuseUnsigned: readonly FileKind[] | null
  /** Whether web applications let people choose several files and make a zip of them. Of a root `zip-file`. */
  readonly multipleFileUpload: boolean
}

/** Kinds of files that can be refused when nothing signs them. */
export type FileKind = (typeof fileKinds)[number]

/** Every such kind: `programs` are PE files, `scripts` those of PowerShell and of the Windows Script Host. */
export const fileKinds = ['programs', 'scripts'] as const

/** One thing that is to be done with a file. */
export type DirectiveNode = {
  /** Such as `authenticode-sign`. */
  readonly name: string
  /**
   * The attributes that are written, by their names, those of {@link optionNamespace} too. Defaults are not put in: whoever carries the
   * directive out has them.
   */
  readonly attributes: Readonly<Record<string, AttributeValue>>
  /** What stands in it. */
  readonly children: readonly DirectiveNode[]
  readonly position: Position
}

/** Which element means a file or folder, and by which of its paths. */
export type ElementMatch = {
  readonly element: ElementNode
  readonly path: PathNode
}
