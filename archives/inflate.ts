import { type InflateRaw, inflateRaw, inflateRawSync } from 'node:zlib'

/** What `info` makes zlib answer with. */
type Inflated = { readonly buffer: Buffer; readonly engine: InflateRaw }

/** Why data are not what they should be: no whole deflate stream, or one of another size. */
export type InflateFault = 'damaged' | 'size'

/** Inflates data that must be one deflate stream of `size` bytes from the first byte to the last; says why when they are not. */
export function inflateWhole(data: Uint8Array, size: number): Buffer | InflateFault {
  try {
    return whole(data, size, inflateRawSync(data, options(size)) as unknown as Inflated)
  } catch (error) {
    return faultOf(error)
  }
}

/** The same as {@link inflateWhole}, off the event loop. */
export function inflateWholeAsync(data: Uint8Array, size: number): Promise<Buffer | InflateFault> {
  return new Promise((resolve) => {
    inflateRaw(data, options(size), (error, result) => {
      resolve(error === null ? whole(data, size, result as unknown as Inflated) : faultOf(error))
    })
  })
}

// Behind its end zlib stops without a word; how much it took says whether anything is there.
function whole(data: Uint8Array, size: number, { buffer, engine }: Inflated): Buffer | InflateFault {
  if (engine.bytesWritten !== data.length) return 'damaged'
  return buffer.length === size ? buffer : 'size'
}

function faultOf(error: unknown): InflateFault {
  return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'size' : 'damaged'
}

function options(size: number) {
  return { info: true, maxOutputLength: size + 1, chunkSize: Math.max(64, Math.min(size + 1, 1024 * 1024)) }
}
