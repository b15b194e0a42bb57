import type { OrganizationId, Sha256Digest } from '../../../domain/index.ts'

/** The organization of random histories. */
export const randomOrganization = uuid<OrganizationId>('0', 0)

/** A digest of a few. */
export const digest = (detail: number) => 'abcdef'.charAt(detail % 6).repeat(64) as Sha256Digest

/** The id with a number, of a kind that a hexadecimal digit stands for. */
export function uuid<Id extends string>(kind: string, number: number): Id {
  return `${kind.repeat(8)}-0000-4000-8000-${String(number).padStart(12, '0')}` as Id
}

/** One of the items, by a number. */
export function pick<Item>(items: readonly Item[], number: number): Item {
  return items[number % items.length] as Item
}
