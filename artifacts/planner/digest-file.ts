import type { DirectiveOrder } from '../../domain/index.ts'
import type { FilePasses, PassOptions } from '../../signing/file-passes/index.ts'
import type { DigestedFile, OpenFile, SignatureFormat } from '../../signing/signature-format.ts'

/** Reads the structure of a file and makes the digests that signing it takes. */
export async function digestFile(
  format: SignatureFormat,
  { handle, size, name }: OpenFile,
  orders: readonly DirectiveOrder[],
  { passes, ...options }: PassOptions & { readonly passes: FilePasses },
): Promise<DigestedFile<unknown, unknown>> {
  const layout = await format.readLayout(handle, size, name)
  const digestion = format.digestion(layout, orders)
  if (digestion === undefined) return { handle, size, layout, digested: undefined }
  const order = { input: handle.fd, output: undefined, end: size, hashed: false, digestion }
  const { digested } = await passes.read(order, options)
  return { handle, size, layout, digested }
}
