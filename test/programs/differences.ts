const headerInDosHeader =
  'Its PE header lies inside the DOS header. Windows loads it, osslsigncode does not sign or verify it.'
const bySection =
  'relic digests section by section and takes only sections that follow each other; Windows digests the file.'
const sixteenDirectories = 'relic reads headers with sixteen data directories only; sbverify accepts it.'

/** What may differ, by the program's SHA-256, and why. Whatever else differs is a fault. */
export const differences: ReadonlyMap<string, string> = new Map([
  // clam-mew.exe and clam-upack.exe, packed by MEW and Upack
  ['bfe7eeb1939e8bc16f90cb5d921437056e0e456a00a8ea3b31bd9754f6c89885', headerInDosHeader],
  ['80a03f1b06996e084f54e6218019e1f0e2c3e789c72a9264145c8e0602c84702', headerInDosHeader],
  // win32-loader.exe (NSIS), clam-petite.exe, clam-yc.exe and clam.exe
  ['a9174b0889f8e793dee0cbaa128294cd332900ac894aa45afd98f77b1ac8860b', bySection],
  ['f4091b710d78322370e849381cddedc878bbe580563d993f4195b2bcb1ffc5b8', bySection],
  ['4ebe56972199136a749eca73eb221272cabf725436d6b939b8c1182383c562a9', bySection],
  ['71e7b604d18aefd839e51a39c88df8383bb4c071dc31f87f00a2b5df580d4495', bySection],
  // memtest86+ and syslinux, of both architectures
  ['4569610feff129b49fa95eb13b23ba4b341abb273f69268d71d008d39732368d', sixteenDirectories],
  ['6490eeb76da69cae7f867208d4ff14abdbacc87402f54d44b13b02676975374d', sixteenDirectories],
  ['7c088231d2eaeba41186b409b751783c24d938c5eddd6ba581d6f09574b96826', sixteenDirectories],
  ['42d0490544e2ef99dace402ae1ede690cb0336942b6afe41e63f40375b1846e3', sixteenDirectories],
])
