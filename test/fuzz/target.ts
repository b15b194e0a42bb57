import { type SeededRandom, seededRandom } from '../support/seeded-random.ts'

/** How much to try. */
export interface FuzzRequest {
  /** The first input is made from `seed` alone, the next one from `seed + 1` and so on: each can be made again by itself. */
  readonly seed: number
  readonly count: number
  /** Ends the run early, without a failure. */
  readonly signal: AbortSignal
  /** Called before each input with its seed: whoever watches the run knows by it which input hangs or ends the process. */
  readonly onInput?: (seed: number) => void
}

/** What was tried: how many inputs, and how many of them came out how (`accepted`, or the code of a refusal). */
export interface FuzzReport {
  readonly inputs: number
  readonly outcomes: Readonly<Record<string, number>>
}

/** One door of the service and the inputs that are tried on it. Each file of `targets/` exports one as `target`. */
export interface FuzzTarget {
  /** As `--target` names it. */
  readonly name: string
  /** Inputs in `npm test`, where all targets together may take seconds; 300 by default. */
  readonly shortCount?: number
  /**
   * Tries inputs until one shows a fault.
   *
   * @throws FuzzFailure for the first input after which something does not hold
   */
  run(request: FuzzRequest): Promise<FuzzReport>
}

/** An input after which something does not hold. */
export class FuzzFailure extends Error {
  /** `--seed` that makes the input again as the first one. */
  readonly seed: number
  /** The input as the service got it. */
  readonly input: Uint8Array

  constructor(seed: number, input: Uint8Array, what: string, options?: { readonly cause: unknown }) {
    super(what, options)
    this.name = 'FuzzFailure'
    this.seed = seed
    this.input = input
  }
}

/**
 * The loop of a target: makes the random choices of each input, tries it, and counts how it came out.
 *
 * @param tryInput makes an input from the choices, tries it and answers with how it came out; throws `FuzzFailure`
 */
export async function fuzzInputs(
  { seed, count, signal, onInput }: FuzzRequest,
  tryInput: (random: SeededRandom, seed: number) => Promise<string>,
): Promise<FuzzReport> {
  const outcomes: Record<string, number> = {}
  let inputs = 0
  for (; inputs < count && !signal.aborted; inputs++) {
    const own = seed + inputs
    onInput?.(own)
    const outcome = await tryInput(seededRandom(own), own)
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  }
  return { inputs, outcomes }
}
