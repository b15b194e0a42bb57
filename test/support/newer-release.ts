/** What a release after this one may know more: another type of event on streams that requests rest on. */
export const newEventType = 'LabelAttached'

type OpenDecider = { eventTypes: string[]; evolve: (state: unknown, event: { readonly type: string }) => unknown }

/**
 * Has deciders know {@link newEventType}, which changes nothing of their states. They are changed for good: give it the
 * modules of the one process, or sandbox, that is to be of the newer release.
 */
export function knowMore(...deciders: readonly object[]): void {
  for (const each of deciders) {
    const decider = each as OpenDecider
    const { evolve } = decider
    decider.eventTypes.push(newEventType)
    decider.evolve = (state, event) => (event.type === newEventType ? state : evolve(state, event))
  }
}
