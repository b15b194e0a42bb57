import type { Key, KeyState } from '../domain/index.ts'
import type { EntityProjection } from './entity.ts'
import { keyDecider } from './folds.ts'
import type { KeyView } from './views.ts'

/** `key-<id>` → `keys`. */
export const keys: EntityProjection<KeyState, object, KeyView> = {
  kind: 'key',
  table: 'keys',
  decider: keyDecider,
  exists: ({ status }) => status !== 'none',
  noFacts: {},
  observe: (facts) => facts,
  columns: () => ({}),
  view: ({ state }, recorded) => ({ ...(state as Key), ...recorded }),
}
