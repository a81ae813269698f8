import { StringDecoder } from 'node:string_decoder';
import { z } from 'zod';

/** One line that the Engine streams while it pulls, pushes or builds; only the used fields. */
export const Message = z.object({
  id: z.string().optional(),
  status: z.string().optional(),
  /** Output of the classic builder. */
  stream: z.string().optional(),
  progressDetail: z.object({ current: z.number().optional(), total: z.number().optional() }).nullish(),
  aux: z.unknown().optional(),
  error: z.string().optional(),
});
export type Message = z.infer<typeof Message>;

/** Ends with the stream, and throws when the stream fails. */
export async function* messages(stream: NodeJS.ReadableStream): AsyncGenerator<Message> {
  const decoder = new StringDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + (typeof chunk === 'string' ? chunk : decoder.write(chunk))).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield Message.parse(JSON.parse(line));
  }
  if (rest.trim() !== '') yield Message.parse(JSON.parse(rest));
}
