/**
 * Something that the product or its tests need.
 *
 * @typedef {object} Step
 * @property {string} name as a person would call it
 * @property {() => string[]} missing what of it is not there, in words; looks at files only, and quickly
 * @property {() => Promise<string>} obtain gets what is missing; returns how; throws StepFailed
 */

/** A step that could not be taken. The message says what failed and what to do about it. */
export class StepFailed extends Error {}

/** @param {string} line */
export function say(line) {
  console.log(`bootstrap: ${line}`)
}

/**
 * Takes a step unless there is nothing to do, and says what it is and how long it took.
 *
 * @param {Step} step
 */
export async function takeStep(step) {
  const missing = step.missing()
  if (missing.length === 0) return
  say(`${step.name}: missing ${missing.join(', ')}`)
  const since = performance.now()
  const how = await step.obtain()
  const still = step.missing()
  if (still.length > 0) throw new StepFailed(`${step.name}: after ${how} there is still missing: ${still.join(', ')}`)
  say(`${step.name}: ${how} (${seconds(since)})`)
}

/**
 * @param {number} since a reading of performance.now()
 * @returns {string} e.g. `12.3 s`
 */
export function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`
}
