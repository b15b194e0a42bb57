/** Arguments of fields below the root that need some. */
export const fieldArguments: Readonly<Record<string, string>> = {
  'SigningPlan.page': '(index: 0)',
  'SigningManifest.page': '(index: 0)',
}

/** Whom an object is about, where its fields are for that one to see: a selection that answers the user's id. */
export const aboutWhom: Readonly<Record<string, string>> = {
  'User.email': 'about: userId',
  'User.invitation': 'about: userId',
  'User.apiTokens': 'about: userId',
  'User.buildActors': 'about: userId',
  'User.notificationPreferences': 'about: userId',
  'Event.remoteAddress': 'about: actor { userId }',
}

/** Types of which the test's organization has nothing, and why: their fields are not asked for. */
export const nothingOf: Readonly<Record<string, string>> = {
  ApprovalAnswer: 'it stands in the answer of a mutation alone',
  ApprovalRefusal: 'it stands in the answer of a mutation alone',
  MatchedElement: 'plans are not made by artifact configurations yet',
  FoundMetadata: 'plans are not made by artifact configurations yet',
  PlannedConfiguration: 'none of its requests names an artifact configuration',
  PlanParameter: 'none of its requests names an artifact configuration',
  ContinuityFinding: 'its certificates differ in nothing that others compare',
  EnrolmentFailure: 'no EST server is configured',
  PastSimulation: 'what was proposed in it is no version of a policy',
  TreatedOtherwise: 'what was proposed in it is no version of a policy',
  OtherwiseDifference: 'what was proposed in it is no version of a policy',
  SourceDetail: 'uploaded files have nothing but their name, digest and size',
  PresentedToken: 'nobody presents a token that does not work',
  SecurityRefusalKind: 'it takes more kinds of refusals within a minute than are recorded one by one',
}
