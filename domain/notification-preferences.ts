/**
 * What a person can be told of by e-mail, each on its own:
 * - `requestOutcome`: how a signing request ended that they, or a CI user whom they answer for, submitted;
 * - `approvalRequested`: a signing request waits for their approval;
 * - `approvalDecided`: others have decided about a request that they were asked to approve;
 * - `changeProposed`: a change of a rule waits for the approval of somebody who may give it;
 * - `certificateExpiry`: a certificate is about to expire, or has;
 * - `administratorAdded`: somebody became a Global Administrator;
 * - `unusualActivity`: something was found that people should look at;
 * - `webHookProblem`: a web hook was turned off, or what it should have been sent was given up.
 *
 * New ones stand at the end: links in mails know them by their number.
 */
export const notificationKinds = [
  'requestOutcome',
  'approvalRequested',
  'approvalDecided',
  'changeProposed',
  'certificateExpiry',
  'administratorAdded',
  'unusualActivity',
  'webHookProblem',
] as const

/** What a person can be told of. */
export type NotificationKind = (typeof notificationKinds)[number]

/** How a person is told: with a mail of its own, with others in one mail a day, or not at all. */
export const notificationDeliveries = ['immediately', 'daily', 'never'] as const

/** How a person is told. */
export type NotificationDelivery = (typeof notificationDeliveries)[number]

/** How a person is told of each kind. */
export type NotificationPreferences = Readonly<Record<NotificationKind, NotificationDelivery>>

/** What somebody has asked for who has changed nothing: everything, at once. */
export const defaultPreferences = Object.fromEntries(
  notificationKinds.map((kind) => [kind, 'immediately']),
) as NotificationPreferences

/**
 * How somebody is told of each kind.
 *
 * @param kept what the log says of them; a kind that it does not name is told as to everybody, since it may be younger
 */
export function preferencesOf(kept: Partial<NotificationPreferences> | undefined): NotificationPreferences {
  return { ...defaultPreferences, ...kept }
}
