import { describe, expect, it } from 'vitest'
import { fold, parseStreamName } from '../../domain/index.ts'
import { deciders, type StoredExample, storedExamples } from '../support/event-examples/stored.ts'

const begun = new Map<string, StoredExample[]>()
for (const example of storedExamples()) begun.set(example.streamId, [...(begun.get(example.streamId) ?? []), example])

/** Kinds that are lists of facts, each of which stands for itself. */
const lists = ['administrators', 'policyGrants', 'processKey', 'webHookDelivery']
const kinds = (Object.keys(deciders) as (keyof typeof deciders)[]).filter((kind) => !lists.includes(kind))

describe('what begins an entity changes nothing of one that has begun', () => {
  it.each(kinds)('%s', (kind) => {
    const histories = [...begun].filter(([streamId]) => parseStreamName(streamId)?.kind === kind)
    expect(histories.length).toBeGreaterThan(0)
    const decider = deciders[kind] as Parameters<typeof fold>[0]
    const folded = (events: readonly StoredExample[]) =>
      fold(
        decider,
        events.map(({ type, data }) => ({ type, data: JSON.parse(data) as object })),
      )
    // Everybody's first event behind everybody's history: an entity begins once, and as what it is.
    for (const [, history] of histories)
      for (const [, [first]] of histories)
        if (first !== undefined) expect(folded([...history, first])).toEqual(folded(history))
  })
})
