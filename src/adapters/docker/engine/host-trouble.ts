/** Whether an error message of the Engine is about the network, a disk or the Engine itself. It has no codes for these. */
export function isHostTrouble(message: string): boolean {
  return TROUBLE.test(message);
}

const TROUBLE =
  /no space left on device|dial tcp|no such host|i\/o timeout|connection (refused|reset)|network is unreachable|TLS handshake|x509:|unexpected EOF|Client\.Timeout|server misbehaving|: EOF|(50[0234]) (Internal|Bad|Service|Gateway)/;
