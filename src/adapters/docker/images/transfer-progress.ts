import type { Message } from '../engine/messages.ts';
import { formatSize } from './size.ts';

/** Sums up the Engine's messages about layers in one progress line every two seconds; null in between. `now` is in milliseconds. */
export function transferProgress(): (message: Message, now: number) => string | null {
  const layers = new Map<string, Layer>();
  let reported = Number.NEGATIVE_INFINITY;
  return (message, now) => {
    if (message.status === undefined) return null;
    if (message.id === undefined) return message.status;
    // In "Pulling from library/node" the id is the tag.
    if (message.status.startsWith('Pulling from')) return `${message.status}:${message.id}`;
    layers.set(message.id, update(layers.get(message.id), message));
    if (now - reported < INTERVAL) return null;
    reported = now;
    return summary([...layers.values()]);
  };
}

interface Layer {
  current: number;
  total: number;
  done: boolean;
}

const INTERVAL = 2_000;
const DONE = new Set(['Pull complete', 'Already exists', 'Pushed', 'Layer already exists']);
const MOVING = new Set(['Downloading', 'Pushing']);

function update(known: Layer | undefined, { status = '', progressDetail }: Message): Layer {
  const layer = known ?? { current: 0, total: 0, done: false };
  if (DONE.has(status)) return { current: layer.total, total: layer.total, done: true };
  if (!MOVING.has(status)) return layer;
  return { current: progressDetail?.current ?? 0, total: progressDetail?.total ?? layer.total, done: false };
}

function summary(layers: Layer[]): string {
  const done = layers.filter((layer) => layer.done).length;
  const sum = (part: 'current' | 'total') => layers.reduce((total, layer) => total + layer[part], 0);
  const moved = sum('total') > 0 ? `, ${formatSize(sum('current'))} of ${formatSize(sum('total'))}` : '';
  return `${done} of ${layers.length} layers${moved}`;
}
