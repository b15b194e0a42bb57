export {
  type ActivityProfile,
  type ActivityProfiles,
  type Detected,
  detect,
  profilesFor,
  type RecordableFinding,
} from './detect.ts'
export * from './events.ts'
export {
  needsSubmission,
  type Observation,
  type Observed,
  type ObservedEvent,
  type ObservedRequest,
  observe,
} from './observation.ts'
