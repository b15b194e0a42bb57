// What would be decided, of facts that somebody else looked up: for who shows it. It decides nothing itself.
export { type KnownNow, type PastRequest, peopleOf, simulateSigning, treatedOtherwise } from '../domain/index.ts'
