/** What everybody is told who submits to, approves by or looks at a policy that allows hash signing. */
export const hashSigningWarning =
  'ALLOWED: the policy also signs hashes whose content nobody of the service has seen, which can be made into a signature of anything'
