import type { AttackedOrganization } from './organization.ts'

/** A way in which one person may try to get a release signed that nobody else agreed to. */
export type Way = {
  /** The way as it is open to everybody: through the use cases. Answers what became of each step. */
  readonly ask?: (organization: AttackedOrganization) => Promise<readonly string[]>
  /** What becomes of the steps when a Global Administrator tries. */
  readonly answers?: readonly string[]
  /**
   * The way of somebody who can write to the log as an API process does. Answers what the signer makes of what the person
   * submitted and approved then.
   */
  readonly force?: (organization: AttackedOrganization) => Promise<string>
  /** Why the signer refuses. */
  readonly refusal?: string
  /** Approvals that changes need besides their author's; one by default. */
  readonly requiredApprovals?: number
}
