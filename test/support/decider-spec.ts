import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { type Decider, type DomainEvent, fold, Refusal } from '../../domain/index.ts'

/** An event's data without its version; of a union, of each member. */
type FactsOf<Data> = Data extends unknown ? Omit<Data, 'schemaVersion'> : never

/** An event of version 1, as deciders make them. */
export function event<Event extends DomainEvent, Type extends Event['type']>(
  type: Type,
  facts: FactsOf<Extract<Event, { type: Type }>['data']>,
): Extract<Event, { type: Type }> {
  return { type, data: { schemaVersion: 1, ...facts } } as unknown as Extract<Event, { type: Type }>
}

/** Begins a specification of a decider: given what has happened, when something is asked, then this comes of it. */
export function given<State, Command, Event extends DomainEvent>(
  decider: Decider<State, Command, Event>,
  ...history: readonly Event[]
) {
  const state = fold(decider, history)
  return {
    /** The state that the history makes. */
    state,
    when(command: Command) {
      return {
        /** Exactly these events happen. */
        thenEvents(...expected: readonly Event[]): void {
          expect(decider.decide(command, state)).toEqual(expected)
        },
        /** It is refused with this code, and the refusal tells something. */
        thenRefused(code: string): void {
          const refusal = refusalOf(() => decider.decide(command, state))
          expect(refusal.code).toBe(code)
          expect(refusal.message.length).toBeGreaterThan(20)
        },
      }
    },
  }
}

/** What a decision throws, which must be a refusal: the domain throws nothing else. */
export function refusalOf(decision: () => unknown): Refusal {
  try {
    decision()
  } catch (error) {
    expect(error).toBeInstanceOf(Refusal)
    return error as Refusal
  }
  throw new Error('It was not refused.')
}

/** A case in which a decider refuses: the code, what has happened, what is asked. */
export type RefusedCase<Command, Event> = readonly [
  code: string,
  what: string,
  history: readonly Event[],
  command: Command,
]

/**
 * Tests that every case is refused with its code, and that the cases cover just the codes that the documentation of the
 * decision names.
 *
 * @param source the file of the decision, from the folder of the domain
 * @param documented the declaration before which the comment stands
 */
export function itRefuses<State, Command, Event extends DomainEvent>(
  decider: Decider<State, Command, Event>,
  documentation: { readonly source: string; readonly before: string },
  cases: readonly RefusedCase<Command, Event>[],
): void {
  it.each(cases)('refuses with %s: %s', (code, _, history, command) => {
    given(decider, ...history)
      .when(command)
      .thenRefused(code)
  })

  it('refuses with every code that its documentation names, and no other', () => {
    expect(new Set(cases.map(([code]) => code))).toEqual(documentedCodes(documentation))
  })
}

function documentedCodes({ source, before }: { readonly source: string; readonly before: string }): Set<string> {
  const text = readFileSync(join(import.meta.dirname, '../../domain', source), 'utf8')
  const comment = text.slice(text.lastIndexOf('/**', text.indexOf(before)), text.indexOf(before))
  return new Set([...comment.matchAll(/`([A-Z][A-Z_]+)`/g)].map(([, code]) => code ?? ''))
}
