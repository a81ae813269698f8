import type { Doorbells } from './bus.ts';
import { readerChannel } from './keys.ts';
import { openListener } from './listener.ts';

export function openDoorbells(url: string): Doorbells {
  const listener = openListener(url);
  return {
    listen: (channel, handle) => {
      const name = readerChannel(channel);
      // A handler of its own, so that one function may listen twice and leave once.
      const own = (text: string) => handle(text);
      void listener.listen(name, own);
      return () => listener.unlisten(name, own);
    },
    close: async () => listener.close(),
  };
}
