import { type DocumentPage, mostPages } from './paged-document.ts'

/** How many heads are kept at the most. */
const mostHeads = 16

/** A head that was read and checked, and its text. */
type CheckedHead = { readonly head: { readonly pages: readonly DocumentPage[] }; readonly headText: string }

/**
 * Heads of documents that were read last, so that whoever pages through a long one does not have its head parsed for each
 * page: that of 100,000 files takes longer than a page. A head has the digest that it is kept under, so it stays true whatever
 * becomes of the store; pages are read and checked each time. Keeps up to 16, and of those with many pages fewer: 10,000
 * pages together, some 3 MiB.
 */
export class RecentHeads {
  readonly #heads = new Map<string, CheckedHead>()
  #pages = 0

  /** @param key what the head was checked by: its form, its digest and its document */
  get(key: string): CheckedHead | undefined {
    const found = this.#heads.get(key)
    if (found === undefined) return undefined
    this.#heads.delete(key)
    this.#heads.set(key, found)
    return found
  }

  set(key: string, checked: CheckedHead): void {
    if (this.#heads.has(key)) return
    this.#heads.set(key, checked)
    this.#pages += checked.head.pages.length
    for (const [oldest, { head }] of this.#heads) {
      if (this.#heads.size <= mostHeads && this.#pages <= mostPages) return
      this.#heads.delete(oldest)
      this.#pages -= head.pages.length
    }
  }
}
