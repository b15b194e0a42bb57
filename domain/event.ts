/** A moment in UTC, ISO 8601 with milliseconds and `Z`, as `Date.prototype.toISOString` writes it. Compares as text. */
export type Instant = string

/** A fact that happened: past-tense type, camelCase JSON data. Old schema versions are upcast on read, never rewritten. */
export type DomainEvent<Type extends string = string, Data extends object = object> = {
  readonly type: Type
  readonly data: Readonly<Data> & { readonly schemaVersion: number }
}
