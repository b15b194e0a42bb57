// The one place where the read model meets the domain's deciders: it folds with their own `evolve`, and decides nothing.
export {
  asEventOf,
  certificateAt,
  certificateDecider,
  changeProposalDecider,
  countedApprovals,
  grantDecider,
  groupDecider,
  keyDecider,
  organizationDecider,
  projectDecider,
  signingPolicyDecider,
  signingRequestDecider,
  trustedBuildSystemDecider,
  userDecider,
  webHookDecider,
  worksAt,
} from '../domain/index.ts'
