/** Whether the Engine's words tell of the network, a disk or itself, rather than of what was asked: it has no codes for these. */
export function isHostTrouble(words: string): boolean {
  return TROUBLE.test(words);
}

const TROUBLE =
  /no space left on device|dial tcp|no such host|i\/o timeout|connection (refused|reset)|network is unreachable|TLS handshake|x509:|unexpected EOF|Client\.Timeout|server misbehaving|: EOF|(50[0234]) (Internal|Bad|Service|Gateway)/;
