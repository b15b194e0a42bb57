// What would be decided, or rests on what, of facts that somebody else looked up: for who shows it. It decides nothing itself.
export {
  dependenciesOf,
  type KnownNow,
  type PastRequest,
  peopleOf,
  simulateSigning,
  treatedOtherwise,
} from '../domain/index.ts'
