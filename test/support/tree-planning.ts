import type { TreePlanning } from '../../artifacts/index.ts'
import { readSettings } from '../../server/configuration.ts'
import { treePlanning } from '../../server/tree-planning.ts'

/** What is done with what is in artifacts where no setting says otherwise. */
export const usualTrees: TreePlanning = await treePlanning(readSettings({ environment: {} }))
