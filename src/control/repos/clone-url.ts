/** Why git may not use this address, or null. `https:` is allowed anywhere, `http:` only on this machine. */
export function cloneUrlProblem(address: string): string | null {
  const url = URL.parse(address);
  if (url === null || !['https:', 'http:'].includes(url.protocol)) return 'not an https:// address';
  if (url.username !== '' || url.password !== '') return 'it contains credentials; pass them as `token`';
  if (url.search !== '' || url.hash !== '') return 'it has a query or a fragment, which clone addresses do not have';
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    return `http:// is only allowed for this machine (127.0.0.1, [::1], localhost); use https:// for ${url.hostname}`;
  return null;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
