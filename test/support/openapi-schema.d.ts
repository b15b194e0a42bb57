/** What tests use of the package: checks as well where it is not installed yet. */
declare module '@hyperjump/json-schema/openapi-3-1' {
  /** Validates an instance by a schema that the package knows, such as the one of OpenAPI documents. */
  export function validate(
    schemaUri: string,
    instance: unknown,
    outputFormat: 'BASIC',
  ): Promise<{
    readonly valid: boolean
    readonly errors?: readonly { readonly instanceLocation: string; readonly absoluteKeywordLocation: string }[]
  }>
}
