import type { ConfigurationFinding } from '../../../domain/index.ts'
import type { Position } from '../configuration.ts'

/** So many errors of a document are told; the others are counted. */
const most = 100

/** Takes down what is wrong with a document, as far as it can be read. */
export class Findings {
  readonly errors: ConfigurationFinding[] = []
  readonly warnings: ConfigurationFinding[] = []
  #errorCount = 0

  /** How many errors there are, those that are not told too. */
  get errorCount(): number {
    return this.#errorCount
  }

  error(code: string, { line, column }: Position, message: string): void {
    this.#errorCount += 1
    if (this.errors.length < most) this.errors.push({ code, line, column, message })
  }

  warning(code: string, { line, column }: Position, message: string): void {
    if (this.warnings.length < most) this.warnings.push({ code, line, column, message })
  }
}
