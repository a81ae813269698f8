import { readerChannel } from '../keys.ts';
import type { ReaderWakeups } from './bus.ts';
import { openListener } from './listener.ts';

export function openReaderWakeups(url: string): ReaderWakeups {
  const listener = openListener(url);
  return {
    listen: (channel, handle) => {
      const name = readerChannel(channel);
      // A new function for each call, so that a handler that listens twice can be removed once.
      const listening = (text: string) => handle(text);
      void listener.listen(name, listening);
      return () => listener.unlisten(name, listening);
    },
    close: async () => listener.close(),
  };
}
