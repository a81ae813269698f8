import { COMMAND_TIMEOUT, connect } from '../connection.ts';
import { type LaneTaker, openLaneTaker } from './lane-taker.ts';
import type { Taker } from './queue.ts';

export function openTaker(url: string): Taker {
  const commands = connect(url, { commandTimeout: COMMAND_TIMEOUT });
  const lanes: LaneTaker[] = [];
  return {
    take: (lane, slots, take) => {
      lanes.push(openLaneTaker(url, commands, lane, slots, take));
    },
    drain: async () => {
      await Promise.all(lanes.map((lane) => lane.drain()));
    },
    close: async () => {
      await Promise.all(lanes.map((lane) => lane.close()));
      commands.disconnect();
    },
  };
}
