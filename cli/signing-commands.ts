import type { CommandEntry, CommandGroup } from './invocation.ts'

/** Commands that have something signed, and those about what is to be. */
export const signingCommands: readonly (CommandEntry | CommandGroup)[] = [
  {
    name: 'sign',
    summary: 'submit a file, wait for its signature and save the signed file',
    load: () => import('./commands/sign.ts'),
  },
  {
    name: 'verify',
    summary: 'judge every signature of a file and of what is in it: on this machine, without the service',
    load: () => import('./commands/verify.ts'),
  },
  {
    name: 'hash',
    summary: 'hashes: have them signed as they are, where a policy allows it',
    commands: [
      {
        name: 'sign',
        summary: 'sign the hash of a file, or a hash that is given',
        load: () => import('./commands/hash-sign.ts'),
      },
    ],
  },
  {
    name: 'request',
    summary: 'signing requests: look at, decide about, follow, download',
    commands: [
      { name: 'list', summary: 'list requests, newest first', load: () => import('./commands/request-list.ts') },
      { name: 'show', summary: 'show everything about a request', load: () => import('./commands/request-show.ts') },
      {
        name: 'approve',
        summary: 'show what will be signed, ask, and approve it',
        load: () => import('./commands/request-approve.ts'),
      },
      { name: 'deny', summary: 'deny a request, which ends it', load: () => import('./commands/request-deny.ts') },
      { name: 'cancel', summary: 'cancel a request', load: () => import('./commands/request-cancel.ts') },
      {
        name: 'resubmit',
        summary: 'submit the artifact of a completed request again, to another policy',
        load: () => import('./commands/request-resubmit.ts'),
      },
      {
        name: 'upload',
        summary: 'send the file that a request announced',
        load: () => import('./commands/request-upload.ts'),
      },
      { name: 'watch', summary: 'follow a request to its end', load: () => import('./commands/request-watch.ts') },
      {
        name: 'download',
        summary: 'save the signed file, or the submitted one',
        load: () => import('./commands/request-download.ts'),
      },
      {
        name: 'evidence',
        summary: 'list or save what build systems answered when the origin was verified',
        load: () => import('./commands/request-evidence.ts'),
      },
      {
        name: 'resume',
        summary: 'on the server: give every unfinished request a running workflow again',
        load: () => import('./commands/request-resume.ts'),
      },
    ],
  },
]
