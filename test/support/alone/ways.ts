import { waysByAccounts } from './account-ways.ts'
import { waysByChanges } from './change-ways.ts'
import { waysByRules } from './rule-ways.ts'
import type { Way } from './way.ts'

/** Each way, by what the person does. */
export const ways: Readonly<Record<string, Way>> = { ...waysByAccounts, ...waysByRules, ...waysByChanges }
