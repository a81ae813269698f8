/** Why git may not be sent to this address, in a sentence; null when it may. `https:` anywhere, `http:` only on this machine. */
export function cloneUrlProblem(address: string): string | null {
  const url = URL.parse(address);
  if (url === null || !['https:', 'http:'].includes(url.protocol)) return 'not an https:// address';
  if (url.username !== '' || url.password !== '')
    return 'credentials do not belong in an address; give them as "token"';
  if (url.search !== '' || url.hash !== '') return 'an address to clone from has no query and no fragment';
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    return `http:// is only for this machine (127.0.0.1, [::1], localhost); use https:// for ${url.hostname}`;
  return null;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
