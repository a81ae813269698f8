/** Splits the Engine's multiplexed output into its streams. A frame is a header of 8 bytes (stream, length) and that many bytes. */
export function frameReader(handle: (stream: 'stdout' | 'stderr', content: Buffer) => void): (chunk: Buffer) => void {
  const header = Buffer.alloc(8);
  let filled = 0;
  let left = 0;
  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      if (left === 0) {
        const taken = chunk.copy(header, filled, at, at + 8 - filled);
        filled += taken;
        at += taken;
        if (filled < 8) return;
        filled = 0;
        left = header.readUInt32BE(4);
        continue;
      }
      const content = chunk.subarray(at, at + left);
      left -= content.length;
      at += content.length;
      handle(header[0] === 2 ? 'stderr' : 'stdout', content);
    }
  };
}
