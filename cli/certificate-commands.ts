import type { CommandGroup } from './invocation.ts'

/** The commands of certificates. */
export const certificateCommands: CommandGroup = {
  name: 'certificate',
  summary: 'certificates: make, ask for, install, renew, show',
  commands: [
    {
      name: 'list',
      summary: 'list certificates, newest first',
      load: () => import('./commands/certificate-list.ts'),
    },
    {
      name: 'download',
      summary: 'save a certificate and its chain',
      load: () => import('./commands/certificate-download.ts'),
    },
    {
      name: 'show',
      summary: 'show everything about a certificate',
      load: () => import('./commands/certificate-show.ts'),
    },
    {
      name: 'create-self-signed',
      summary: 'make a certificate for test signing, and its key',
      load: () => import('./commands/certificate-create-self-signed.ts'),
    },
    {
      name: 'create-openpgp',
      summary: 'make an OpenPGP key, for signatures that GnuPG verifies',
      load: () => import('./commands/certificate-create-openpgp.ts'),
    },
    {
      name: 'change-expiry',
      summary: 'have an OpenPGP key end at another moment',
      load: () => import('./commands/certificate-change-expiry.ts'),
    },
    {
      name: 'create-csr',
      summary: 'make the request for a certificate of an authority, and its key',
      load: () => import('./commands/certificate-create-csr.ts'),
    },
    {
      name: 'download-csr',
      summary: 'save the request that goes to the authority',
      load: () => import('./commands/certificate-download-csr.ts'),
    },
    {
      name: 'install',
      summary: 'install what the authority issued',
      load: () => import('./commands/certificate-install.ts'),
    },
    {
      name: 'import',
      summary: 'import a certificate with its key from a PKCS #12 file (.pfx)',
      load: () => import('./commands/certificate-import.ts'),
    },
    {
      name: 'renew',
      summary: 'ask for the next certificate of the same names and key',
      load: () => import('./commands/certificate-renew.ts'),
    },
    {
      name: 'restrict',
      summary: 'say what policies that use a certificate must demand',
      load: () => import('./commands/certificate-restrict.ts'),
    },
    {
      name: 'compare',
      summary: 'what others would see changed if a certificate took the place of another',
      load: () => import('./commands/certificate-compare.ts'),
    },
    {
      name: 'disable',
      summary: 'disable a certificate: it signs nothing from now on',
      load: async () => (await import('./commands/certificate-switch.ts')).disable,
    },
    {
      name: 'enable',
      summary: 'enable a certificate that was disabled',
      load: async () => (await import('./commands/certificate-switch.ts')).enable,
    },
  ],
}
