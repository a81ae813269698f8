import { readerChannel } from '../keys.ts';
import type { ReaderWakeups } from './bus.ts';
import { openListener } from './listener.ts';

export function openReaderWakeups(url: string): ReaderWakeups {
  const listener = openListener(url);
  return {
    listen: (channel, handle) => {
      const name = readerChannel(channel);
      // A separate function, so that a handler that listens twice can leave once.
      const own = (text: string) => handle(text);
      void listener.listen(name, own);
      return () => listener.unlisten(name, own);
    },
    close: async () => listener.close(),
  };
}
