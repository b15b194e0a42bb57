/** Values by texts, of which only the latest are kept. */
export type RecentMap<Value> = {
  readonly get: (key: string) => Value | undefined
  readonly set: (key: string, value: Value) => void
  readonly delete: (key: string) => void
}

/**
 * Makes a map that forgets: what was neither put into it nor found in it among the last `half` keys, and so the oldest. It moves
 * nothing from place to place, as a map would that always removes its oldest.
 *
 * @param half of how many are kept at the most
 */
export function recentMap<Value>(half: number): RecentMap<Value> {
  let recent = new Map<string, Value>()
  let older = new Map<string, Value>()

  function set(key: string, value: Value): void {
    recent.set(key, value)
    if (recent.size < half) return
    older = recent
    recent = new Map()
  }

  return {
    get(key) {
      const known = recent.get(key)
      if (known !== undefined) return known
      const old = older.get(key)
      if (old !== undefined) set(key, old)
      return old
    },
    set,
    delete(key) {
      recent.delete(key)
      older.delete(key)
    },
  }
}
