import { Refusal } from '../domain/index.ts'

/** A range that begins behind the end (RFC 9110 §15.5.17). The answer has the size. Code `RANGE_NOT_SATISFIABLE`. */
export class RangeNotSatisfiable extends Refusal {
  /** Bytes that there are. */
  readonly size: number

  constructor(size: number) {
    super('RANGE_NOT_SATISFIABLE', `The artifact has ${size} bytes; the range asked for is not in it.`, { size })
    this.size = size
  }
}
